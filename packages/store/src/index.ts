export { decodeCursor, encodeCursor } from "./cursor.ts";
export * from "./maintenance.ts";
export { type MigrationReport, migrateStore } from "./migrateStore.ts";
export { openSnapshot } from "./openSnapshot.ts";
export { openStore } from "./openStore.ts";
export * from "./port.ts";
export { profileIdOf } from "./sql/hashes.ts";
