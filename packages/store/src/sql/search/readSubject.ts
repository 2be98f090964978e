import { comparePositions } from "@selfsame/identity";
import type { Filter, JsonObject } from "@selfsame/protocol";
import {
	eventNamesOf,
	type Subject,
	type SubjectEvent,
	splitPath,
	type TraitOrigin,
	traitPathsOf,
} from "@selfsame/protocol/filter";
import type { Dialect } from "../dialect.ts";
import { eventTypes } from "../eventTypes.ts";
import { insideSpanAsOf, type ProfileParts } from "../profileParts.ts";
import type { ProfileReader } from "../profileReader.ts";
import { compareTraitRows, type TraitRow } from "../traitReader.ts";
import type { Value, Work } from "../work.ts";
import { ask } from "./ask.ts";
import { isMeant } from "./compileEvents.ts";

interface EventRow {
	type: number;
	name: string | null;
	message_id: string;
	source: string;
	ts: number;
	body: string | null;
}

/** Reads what a filter asks about one profile. */
export function createSubjectReader({ payloads, payload }: Dialect, profiles: ProfileReader) {
	/** Null: there are more than `most`. */
	function* readEvents({ owned }: ProfileParts, names: readonly string[], most: number): Work<SubjectEvent[] | null> {
		const bound: Value[] = [];
		const bind = (value: Value) => {
			bound.push(value);
			return "?";
		};
		const meant = names.map((name) => isMeant(name, { bind })).join(" OR ");
		const rows: EventRow[] = [];
		for (const span of owned) {
			const { where, values } = insideSpanAsOf(span, undefined);
			const sql = `SELECT e.type, e.name, e.message_id, e.source, e.ts, ${payload("body")} AS body FROM events e
				${payloads} WHERE ${where} AND (${meant}) LIMIT ?`;
			rows.push(...(yield* ask<EventRow[]>("rows", sql, ...values, ...bound, most + 1 - rows.length)));
			if (rows.length > most) return null;
		}
		return rows.map(toSubjectEvent).sort(comparePositions);
	}

	function* originOf({ owned }: ProfileParts, key: string): Work<TraitOrigin | null> {
		const writes: TraitRow[] = [];
		for (const span of owned) writes.push(...(yield* profiles.traitWrites(span, key)));
		const [winner] = writes.sort((a, b) => compareTraitRows(b, a));
		return winner ? { timestamp: winner.ts, messageId: winner.message_id, source: winner.source } : null;
	}

	/** Null: the profile has more than `most` of the events that are asked about. */
	return function* readSubject(parts: ProfileParts, filter: Filter, most: number): Work<Subject | null> {
		const names = eventNamesOf(filter);
		const events = names.length === 0 ? [] : yield* readEvents(parts, names, most);
		if (events === null) return null;
		const keys = new Set(traitPathsOf(filter).map((path) => splitPath(path)[0] as string));
		const origins: [string, TraitOrigin][] = [];
		for (const key of keys) {
			const origin = yield* originOf(parts, key);
			if (origin) origins.push([key, origin]);
		}
		return { traits: yield* profiles.traitsOf(parts), origins: Object.fromEntries(origins), events };
	};
}

function toSubjectEvent({ type, name, message_id, source, ts, body }: EventRow): SubjectEvent {
	const { properties } = (body === null ? {} : JSON.parse(body)) as { properties?: JsonObject };
	return {
		type: eventTypes[type] ?? "track",
		...(name === null ? {} : { name }),
		messageId: message_id,
		source,
		timestamp: ts,
		...(properties === undefined ? {} : { properties }),
	};
}
