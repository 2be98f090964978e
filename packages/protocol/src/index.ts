export type * from "./event.ts";
export type * from "./profile.ts";
