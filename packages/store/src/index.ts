export * from "./port.ts";
export { openStore } from "./openStore.ts";
