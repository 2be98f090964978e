import type { Plan, Span } from "@selfsame/identity";
import { beginning } from "./facts.ts";
import { flag, type Identifiers, regionStates } from "./identifiers.ts";
import type { SqliteDatabase } from "./openDatabase.ts";

/** Writes what was decided. Nothing is decided here. */
export function createPlanWriter(database: SqliteDatabase, identifiers: Identifiers) {
	const setFlags = database.prepare("UPDATE identifiers SET flags = ? WHERE id = ?");
	// Whoever follows another root has no say of its own any more.
	const setRoot = database.prepare(
		"UPDATE identifiers SET root = ?, state = 0, owner = NULL, size = 1, limited = NULL WHERE id = ?",
	);
	const setRegion = database.prepare(
		"UPDATE identifiers SET root = ?, state = ?, owner = ?, size = ?, limited = ? WHERE id = ?",
	);
	const clearSpans = database.prepare("DELETE FROM spans WHERE identifier = ?");
	const putSpan = database.prepare(
		`INSERT INTO spans (identifier, from_ts, from_message, from_source, owner) VALUES (?, ?, ?, ?, ?)
		ON CONFLICT DO UPDATE SET owner = excluded.owner`,
	);
	const cutSpan = database.prepare(
		"DELETE FROM spans WHERE identifier = ? AND from_ts = ? AND from_message = ? AND from_source = ?",
	);
	const clearAdjacent = database.prepare("DELETE FROM adjacent_users WHERE identifier = ?");
	const putAdjacent = database.prepare("INSERT INTO adjacent_users (identifier, user, direct) VALUES (?, ?, ?)");
	const addAdjacent = database.prepare(
		"INSERT OR IGNORE INTO adjacent_users (identifier, user, direct) VALUES (?, ?, ?)",
	);
	const setReading = database.prepare("UPDATE aliases SET reading = ? WHERE seq = ?");
	const removeEvidence = database.prepare(
		"DELETE FROM event_identifiers WHERE identifier = ? AND ts = ? AND seq = ? AND kind = 1",
	);
	const putEvidence = database.prepare(
		"INSERT OR IGNORE INTO event_identifiers (identifier, ts, seq, lead, kind) VALUES (?, ?, ?, ?, 1)",
	);
	const putChange = database.prepare("INSERT INTO changes (at, kind, identifier, other, seq) VALUES (?, ?, ?, ?, ?)");

	const raise = (id: number, bit: number) => {
		const row = identifiers.byId(id);
		if ((row.flags & bit) !== 0) return;
		row.flags |= bit;
		setFlags.run(row.flags, id);
	};

	const writeSpan = (id: number, { from, owner }: Span) =>
		putSpan.run(id, from?.timestamp ?? beginning, from?.messageId ?? "", from?.source ?? "", owner);

	const writeRoots = (plan: Plan) => {
		for (const [id, root] of plan.roots) {
			setRoot.run(root, id);
			Object.assign(identifiers.byId(id), { root, state: 0, owner: null, size: 1, limited: null });
		}
		for (const region of plan.regions.values()) {
			const limited = region.limited === null ? null : JSON.stringify(region.limited);
			const state = regionStates.indexOf(region.state);
			setRegion.run(region.root, state, region.owner, region.size, limited, region.root);
			const { root, owner, size } = region;
			Object.assign(identifiers.byId(root), { root, state, owner, size, limited });
		}
	};

	const writeSpans = (plan: Plan) => {
		for (const [id, edit] of plan.spans) {
			if (edit.clear) clearSpans.run(id);
			for (const { timestamp, messageId, source } of edit.cut) cutSpan.run(id, timestamp, messageId, source);
			for (const span of edit.put) writeSpan(id, span);
		}
		for (const { identifier, user, direct } of plan.seenWith) addAdjacent.run(identifier, user, direct ? 1 : 0);
		for (const [id, users] of plan.adjacent) {
			clearAdjacent.run(id);
			for (const { user, direct } of users) putAdjacent.run(id, user, direct ? 1 : 0);
		}
	};

	return {
		/** Sets a bit of an identifier's flags, once. */
		raise,
		/** Writes the plan, the change log included. `at` is the commit's time, ms. */
		write(plan: Plan, at: number): void {
			for (const id of plan.seen) raise(id, flag.seen);
			writeRoots(plan);
			writeSpans(plan);
			for (const [seq, reading] of plan.readings) setReading.run(reading === "anonymous" ? 1 : 0, seq);
			for (const row of plan.removeEvidence) removeEvidence.run(row.identifier, row.position.timestamp, row.seq);
			for (const row of plan.addEvidence) putEvidence.run(row.identifier, row.position.timestamp, row.seq, row.lead);
			for (const { kind, identifier, other, seq } of plan.changes) putChange.run(at, kind, identifier, other, seq);
		},
	};
}
