export * from "./maintenance.ts";
export { openStore } from "./openStore.ts";
export * from "./port.ts";
export { profileIdOf } from "./sqlite/hashes.ts";
