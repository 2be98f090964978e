export { isOwnHost } from "./auth/isLocal.ts";
export { type Config, ConfigError, configJsonSchema, parseConfig, readConfig } from "./config.ts";
export { type Collector, type CollectorOptions, createCollector } from "./createCollector.ts";
export { type Environment, readEnvironment } from "./environment.ts";
export { type Listening, type ListenOptions, listen } from "./listen.ts";
export { boundHeap } from "./operations/boundHeap.ts";
