import { all, pluck, type Work } from "../sql/work.ts";

/** Bytes of a trait's key, with its group's id where it is a group's; ingest refuses longer ones with the same limit. */
const mostKeyBytes = 2_600;

/** How many events are named at the most. */
const most = 5;

const bytes = (column: string) => `length(CAST(${column} AS BLOB))`;
const named = "e.source, e.message_id AS messageId";
const tooLong = `SELECT ${named} FROM trait_writes w JOIN events e ON e.seq = w.seq WHERE ${bytes("w.key")} > ?
	UNION SELECT ${named} FROM memberships m JOIN events e ON e.seq = m.seq WHERE ${bytes("m.group_id")} > ?
	UNION SELECT source, message_id FROM group_writes WHERE ${bytes("group_id")} + ${bytes("key")} > ? LIMIT ${most + 1}`;
// Reads all events, but only on the way to a refusal.
const receivedAt = "SELECT received_at FROM events WHERE source = ? AND message_id = ?";

/** Makes sure, before a SQLite file is copied, that PostgreSQL can index all that it holds. */
export function* requireIndexable(): Work<void> {
	type Found = { source: string; messageId: string };
	const found = yield* all<Found>(tooLong, mostKeyBytes, mostKeyBytes, mostKeyBytes);
	if (found.length === 0) return;
	const list: string[] = [];
	for (const { source, messageId } of found.slice(0, most)) {
		const at = yield* pluck<number>(receivedAt, source, messageId);
		list.push(`${messageId} of ${source}${at === undefined ? "" : `, received ${new Date(at).toISOString()}`}`);
	}
	throw new Error(
		`PostgreSQL cannot index a trait's key that has, with its group's id, more than ${mostKeyBytes} bytes. These events ` +
			`bring one: ${list.join("; ")}${found.length > most ? "; and more" : ""}. Take them out with \`selfsame purge\`, ` +
			"and copy again.",
	);
}
