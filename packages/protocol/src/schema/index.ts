export { cleanText } from "./cleanText.ts";
export { filterComponents, filterJsonSchema, filterSchema } from "./filter/filterSchema.ts";
export { type BatchSetting, type ParsedBatch, parseBatch, parseSingle, type RejectedEvent } from "./parseBatch.ts";
export { type Decode, type ParsedBody, parseBody } from "./parseBody.ts";
export { type EventSetting, eventTypes, parseEvent } from "./parseEvent.ts";
export { parseTime } from "./parseTime.ts";
export type { Refusal } from "./refusal.ts";
