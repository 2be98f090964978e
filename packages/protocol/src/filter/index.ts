export { canonicalJson } from "./canonicalJson.ts";
export { explainFilter } from "./explainFilter.ts";
export { eventConditionsOf, eventNamesOf, propertyPathsOf, traitPathsOf } from "./leavesOf.ts";
export { operationOf } from "./operations.ts";
export { parseDate } from "./parseDate.ts";
export { durationOf } from "./parseDuration.ts";
export { readPath } from "./readPath.ts";
export { splitPath } from "./splitPath.ts";
export type { Subject, SubjectEvent, TraitOrigin } from "./subject.ts";
