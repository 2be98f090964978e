import type { Plan, Span } from "@selfsame/identity";
import { beginning, kindOf } from "./evidence.ts";
import { flag, regionStates } from "./identifierRows.ts";
import type { Identifiers } from "./identifiers.ts";
import { type Work, writing } from "./work.ts";

const setFlags = "UPDATE identifiers SET flags = ? WHERE id = ?";
// Whoever follows another root has no say of its own any more.
const setRoot =
	"UPDATE identifiers SET root = ?, state = 0, owner = NULL, size = 1, limited = NULL, latest = NULL WHERE id = ?";
const setRegion =
	"UPDATE identifiers SET root = ?, state = ?, owner = ?, size = ?, limited = ?, latest = ? WHERE id = ?";
const clearSpans = "DELETE FROM spans WHERE identifier = ?";
const putSpan = `INSERT INTO spans (identifier, from_ts, from_message, from_source, owner) VALUES (?, ?, ?, ?, ?)
	ON CONFLICT (identifier, from_ts, from_message, from_source) DO UPDATE SET owner = excluded.owner`;
const cutSpan = "DELETE FROM spans WHERE identifier = ? AND from_ts = ? AND from_message = ? AND from_source = ?";
const setSeenWith = "UPDATE identifiers SET seen_with = ? WHERE id = ?";
const setTail = "UPDATE identifiers SET tail = ? WHERE id = ?";
const clearLimited = "DELETE FROM limited_users WHERE root = ?";
const putLimited = 'INSERT INTO limited_users ("user", root) VALUES (?, ?) ON CONFLICT DO NOTHING';
const clearAdjacent = "DELETE FROM adjacent_users WHERE identifier = ?";
const putAdjacent = `INSERT INTO adjacent_users (identifier, "user", direct) VALUES (?, ?, ?) ON CONFLICT DO NOTHING`;
const setReading = "UPDATE aliases SET reading = ? WHERE seq = ?";
const clearCounting = "DELETE FROM counting_evidence WHERE identifier = ?";
const putCounting = `INSERT INTO counting_evidence (identifier, ts, seq, lead, kind) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`;
// The event may carry the same id in its own field.
const removeCounting = `DELETE FROM counting_evidence AS c WHERE c.identifier = ? AND c.ts = ? AND c.seq = ? AND NOT EXISTS
	(SELECT 1 FROM event_identifiers l WHERE l.identifier = c.identifier AND l.ts = c.ts AND l.seq = c.seq)`;
const removeEvidence = "DELETE FROM event_identifiers WHERE identifier = ? AND ts = ? AND seq = ? AND kind = 1";
const putEvidence = `INSERT INTO event_identifiers (identifier, ts, seq, lead, kind) VALUES (?, ?, ?, ?, 1)
	ON CONFLICT DO NOTHING`;
const putChange = "INSERT INTO changes (at, kind, identifier, other, seq) VALUES (?, ?, ?, ?, ?)";

/** Writes what was decided. Nothing is decided here. */
export function createPlanWriter(identifiers: Identifiers) {
	// Nearly always there: decisions are about what was just read.
	const rowOf = identifiers.knownById;

	/** Sets a bit of an identifier's flags, once. */
	function* raise(id: number, bit: number): Work<void> {
		const row = rowOf(id) ?? (yield* identifiers.byId(id));
		if ((row.flags & bit) !== 0) return;
		row.flags |= bit;
		yield writing(setFlags, row.flags, id);
	}

	const writeSpan = (id: number, { from, owner }: Span) =>
		writing(putSpan, id, from?.timestamp ?? beginning, from?.messageId ?? "", from?.source ?? "", owner);

	function* writeRoots(plan: Plan): Work<void> {
		for (const [id, root] of plan.roots) {
			yield writing(setRoot, root, id);
			Object.assign(rowOf(id) ?? (yield* identifiers.byId(id)), {
				root,
				state: 0,
				owner: null,
				size: 1,
				limited: null,
				latest: null,
			});
		}
		for (const region of plan.regions.values()) {
			const limited = region.limited === null ? null : JSON.stringify(region.limited);
			const state = regionStates.indexOf(region.state);
			const { root, owner, size, latest } = region;
			yield writing(setRegion, root, state, owner, size, limited, latest, root);
			Object.assign(rowOf(root) ?? (yield* identifiers.byId(root)), { root, state, owner, size, limited, latest });
		}
	}

	function* writeSpans(plan: Plan): Work<void> {
		for (const [id, edit] of plan.spans) {
			if (edit.clear) yield writing(clearSpans, id);
			for (const { timestamp, messageId, source } of edit.cut) yield writing(cutSpan, id, timestamp, messageId, source);
			for (const span of edit.put) yield writeSpan(id, span);
		}
		for (const { identifier, user, crowded } of plan.seenWith) {
			yield writing(putAdjacent, identifier, user, crowded ? 2 : 1);
		}
		for (const [id, users] of plan.adjacent) {
			const crowded = new Set(plan.crowded.get(id));
			yield writing(clearAdjacent, id);
			for (const user of users) yield writing(putAdjacent, id, user, crowded.has(user) ? 2 : 1);
		}
	}

	/** What tells how near users are to a limit. */
	function* writeLimits(plan: Plan): Work<void> {
		for (const [id, counts] of plan.seenCounts) {
			const seenWith = JSON.stringify(counts);
			yield writing(setSeenWith, seenWith, id);
			Object.assign(rowOf(id) ?? (yield* identifiers.byId(id)), { seenWith });
		}
		for (const [id, known] of plan.tails) {
			const tail = known && JSON.stringify(known);
			yield writing(setTail, tail, id);
			Object.assign(rowOf(id) ?? (yield* identifiers.byId(id)), { tail });
		}
		for (const [root, { clear, users }] of plan.limitedUsers) {
			if (clear) yield writing(clearLimited, root);
			for (const user of users) yield writing(putLimited, user, root);
		}
	}

	function* writeCounting({ counting, addCounting }: Plan): Work<void> {
		for (const id of counting.keys()) {
			yield writing(clearCounting, id);
			yield* raise(id, flag.counted);
		}
		for (const row of [...[...counting.values()].flat(), ...addCounting]) {
			yield writing(putCounting, row.identifier, row.position.timestamp, row.seq, row.lead, kindOf(row));
		}
	}

	return {
		raise,
		/** Takes bits out of an identifier's flags. */
		*lower(id: number, bits: number): Work<void> {
			const row = rowOf(id) ?? (yield* identifiers.byId(id));
			row.flags &= ~bits;
			yield writing(setFlags, row.flags, id);
		},
		/** Writes the plan, the change log included. `at` is the commit's time, ms. */
		*write(plan: Plan, at: number): Work<void> {
			for (const id of plan.unproven) yield* raise(id, flag.unproven);
			for (const id of plan.believed) yield* raise(id, flag.believed);
			for (const id of plan.seen) yield* raise(id, flag.seen);
			for (const id of plan.corrected) yield* raise(id, flag.corrected);
			for (const id of plan.aliased) yield* raise(id, flag.aliased);
			yield* writeRoots(plan);
			yield* writeSpans(plan);
			yield* writeLimits(plan);
			for (const [seq, reading] of plan.readings) yield writing(setReading, reading === "anonymous" ? 1 : 0, seq);
			for (const { identifier, position, seq } of plan.removeEvidence) {
				yield writing(removeEvidence, identifier, position.timestamp, seq);
				yield writing(removeCounting, identifier, position.timestamp, seq);
			}
			for (const { identifier, position, seq, lead } of plan.addEvidence) {
				yield writing(putEvidence, identifier, position.timestamp, seq, lead);
			}
			yield* writeCounting(plan);
			for (const { kind, identifier, other, seq } of plan.changes)
				yield writing(putChange, at, kind, identifier, other, seq);
		},
	};
}
