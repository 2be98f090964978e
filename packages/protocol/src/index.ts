export type * from "./event.ts";
export { limits } from "./limits.ts";
export type * from "./profile.ts";
export type * from "./verdicts.ts";
