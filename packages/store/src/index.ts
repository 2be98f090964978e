export * from "./maintenance.ts";
export { openStore } from "./openStore.ts";
export * from "./port.ts";
export * from "./snapshot.ts";
export { profileIdOf } from "./sqlite/hashes.ts";
