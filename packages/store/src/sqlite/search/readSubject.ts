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
import { eventTypes } from "../ingest.ts";
import { createStatements, type SqliteDatabase } from "../openDatabase.ts";
import { compareTraitRows, type ProfileParts, type ProfileReader } from "../profileReader.ts";
import { isMeant } from "./compileEvents.ts";
import { createParameters } from "./sql.ts";

interface EventRow {
	type: number;
	name: string | null;
	message_id: string;
	source: string;
	ts: number;
	body: string | null;
}

/** Reads what a filter asks about one profile. */
export function createSubjectReader(database: SqliteDatabase, profiles: ProfileReader) {
	const statement = createStatements(database);

	/** Null: there are more than `most`. */
	const readEvents = ({ owned }: ProfileParts, names: readonly string[], most: number): SubjectEvent[] | null => {
		const parameters = createParameters();
		const meant = names.map((name) => isMeant(name, parameters)).join(" OR ");
		const rows: EventRow[] = [];
		for (const span of owned) {
			const { where, values } = profiles.condition(span, undefined);
			const sql = `SELECT e.type, e.name, e.message_id, e.source, e.ts, d.body FROM events e
				LEFT JOIN event_payloads d ON d.seq = e.seq WHERE ${where} AND (${meant}) LIMIT ?`;
			rows.push(...(statement(sql).all(...values, most + 1 - rows.length, parameters.values) as EventRow[]));
			if (rows.length > most) return null;
		}
		return rows.map(toSubjectEvent).sort(comparePositions);
	};

	const originOf = ({ owned }: ProfileParts, key: string): TraitOrigin | null => {
		const writes = owned.flatMap((span) => profiles.traitWrites(span, key));
		const [winner] = writes.sort((a, b) => compareTraitRows(b, a));
		return winner ? { timestamp: winner.ts, messageId: winner.message_id, source: winner.source } : null;
	};

	/** Null: the profile has more than `most` of the events that are asked about. */
	return (parts: ProfileParts, filter: Filter, most: number): Subject | null => {
		const names = eventNamesOf(filter);
		const events = names.length === 0 ? [] : readEvents(parts, names, most);
		if (events === null) return null;
		const keys = new Set(traitPathsOf(filter).map((path) => splitPath(path)[0] as string));
		const origins = [...keys].flatMap((key) => {
			const origin = originOf(parts, key);
			return origin ? [[key, origin] as const] : [];
		});
		return { traits: profiles.traitsOf(parts), origins: Object.fromEntries(origins), events };
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
