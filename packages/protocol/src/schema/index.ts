export { cleanText } from "./cleanText.ts";
export { filterComponents, filterJsonSchema, filterSchema } from "./filter/filterSchema.ts";
export type { ParsedLetter } from "./letters.ts";
export { type BatchSetting, MAX_WARNINGS, type ParsedBatch, parseBatch, parseSingle } from "./parseBatch.ts";
export { type Decode, type ParsedBody, parseBody, type RefusedBody, tooManyElements } from "./parseBody.ts";
export { type EventSetting, eventTypes, parseEvent } from "./parseEvent.ts";
export { parseTime } from "./parseTime.ts";
export type { Refusal } from "./refusal.ts";
