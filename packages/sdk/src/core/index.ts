export * from "./buildEvent.ts";
export * from "./createMessageId.ts";
export type * from "./delivery.ts";
export * from "./retry.ts";
export type * from "./typedEvents.ts";
export type * from "./wireEvent.ts";
