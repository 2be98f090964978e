export type * from "./event.ts";
export type * from "./filter.ts";
export { filterLimits, limits } from "./limits.ts";
export type * from "./profile.ts";
export type * from "./verdicts.ts";
