export * from "./config.ts";
export { type Decision, decideBatch } from "./decideBatch.ts";
export * from "./facts.ts";
export { findRoot } from "./findRoot.ts";
export { compareIdentifiers, identifiersOf, type Named, priorityOf } from "./identifiersOf.ts";
export { type Blocked, createBlocked, normaliseEmail, normaliseValue } from "./normalise.ts";
export { comparePositions, compareUtf8, type Position } from "./order.ts";
export type { Candidate, Change, CountingRow, Plan, Revision, SpanEdit } from "./plan.ts";
export {
	type Evidence,
	type Kinds,
	type Link,
	type Refusal,
	type Replay,
	replay,
	type Span,
	type Tail,
} from "./replay.ts";
export { type History, type Resolution, type ResolvedLink, type ResolvedRefusal, resolve } from "./resolve.ts";
