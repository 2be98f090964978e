import type { Decider } from "./decider.ts";
import type { Dialect } from "./dialect.ts";
import { flag } from "./identifierRows.ts";
import type { Identifiers } from "./identifiers.ts";
import { type Ownership, selectIdentifiersOfUser } from "./ownership.ts";
import { believedUser } from "./standing.ts";
import type { Tombstones } from "./tombstones.ts";
import { all, column, pluck, run, type Value, type Work } from "./work.ts";

export interface EventRemovalDeps {
	dialect: Dialect;
	identifiers: Identifiers;
	ownership: Ownership;
	decider: Decider;
	tombstones: Tombstones;
}

const isChosen = "seq IN (SELECT seq FROM erased)";

/** Takes stored events out, with all that only they said, inside a transaction that the caller has begun. */
export function createEventRemoval({ dialect, identifiers, ownership, decider, tombstones }: EventRemovalDeps) {
	/** Identifiers that the chosen events may link: their regions are decided anew. */
	function* linkedBy(leads: ReadonlySet<number>): Work<Set<number>> {
		// A link that a correction took away is in no memory of who was seen with whom, so anonymous ids are asked for too.
		const anonymous = `SELECT DISTINCT anonymous FROM events WHERE ${isChosen} AND anonymous IS NOT NULL`;
		const linked = new Set(yield* column<number>(anonymous));
		for (const lead of leads) {
			const isUser = (yield* ownership.row(lead)).type === "user_id";
			const found = isUser
				? yield* column<number>(selectIdentifiersOfUser, { id: lead })
				: yield* column<number>("SELECT identifier FROM event_identifiers WHERE lead = ? AND kind = 2", lead);
			for (const id of found) linked.add(id);
		}
		return linked;
	}

	// Whoever reads on from a number must not find another event under it, so it is not given again.
	const rememberLast = `INSERT INTO counters (name, value)
		SELECT 'last_seq', coalesce(max(seq), 0) FROM events WHERE true
		ON CONFLICT (${dialect.counterKey}) DO UPDATE
		SET value = CASE WHEN counters.value > excluded.value THEN counters.value ELSE excluded.value END`;

	function* rememberMessages(): Work<void> {
		type Message = { source: string; message_id: string };
		const messages = yield* all<Message>(`SELECT source, message_id FROM events WHERE ${isChosen}`);
		for (const { source, message_id } of messages) yield* tombstones.rememberMessage(source, message_id);
	}

	/**
	 * Says of each identifier whether any event that is left carries it or is led by it, and of a user whether any such
	 * event is believed or proven. Answers with those that may be seen no more, or not be believed.
	 */
	function* lookAgain(ids: Iterable<number>): Work<number[]> {
		const setFlags = `UPDATE identifiers SET flags = (flags & ${flag.corrected | flag.aliased}) | ? WHERE id = ?`;
		const linking = "SELECT 1 FROM event_identifiers WHERE identifier = ? AND kind <> 1 LIMIT 1";
		const believed = `SELECT 1 FROM events WHERE lead = ? AND ${believedUser} LIMIT 1`;
		const unseen: number[] = [];
		for (const id of ids) {
			const led = (yield* pluck<number>("SELECT 1 FROM events WHERE lead = ? LIMIT 1", id)) !== undefined;
			const linked = (yield* pluck<number>(linking, id)) !== undefined;
			const isDoubted = led && (yield* pluck<number>(believed, id)) === undefined;
			const bits = (led ? flag.led | flag.seen : 0) | (linked ? flag.seen : 0) | (isDoubted ? flag.unproven : 0);
			yield* run(setFlags, bits, id);
			if ((!led && !linked) || isDoubted) unseen.push(id);
		}
		return unseen;
	}

	return {
		/** Chooses no event yet. */
		*begin(): Work<void> {
			yield* run(dialect.createErased);
			yield* run("DELETE FROM erased");
		},
		/** Chooses events `e` by a condition. */
		*choose(where: string, values: readonly Value[]): Work<void> {
			yield* run(`INSERT INTO erased SELECT e.seq FROM events e WHERE ${where} ON CONFLICT DO NOTHING`, ...values);
		},
		/** How many are chosen; `where` narrows the count. */
		*count(where = "true"): Work<number> {
			return (yield* pluck<number>(`SELECT count(*) FROM events WHERE ${isChosen} AND ${where}`)) as number;
		},

		/** Who leads the chosen ones. */
		*leads(): Work<Set<number>> {
			const leads = `SELECT DISTINCT lead FROM events WHERE ${isChosen} AND lead IS NOT NULL`;
			return new Set(yield* column<number>(leads));
		},

		/** Every identifier that any of them links. Reads all evidence there is. */
		linked: (): Work<number[]> => column(`SELECT DISTINCT identifier FROM event_identifiers WHERE ${isChosen}`),

		/**
		 * Removes the chosen events; their ids stay remembered. What they wrote about groups stays.
		 *
		 * @param leads whoever leads any of them, at least.
		 * @param alsoLinked identifiers that they link, as far as known beside what the leads' state says.
		 * @returns the identifiers whose identity is to be decided anew.
		 */
		*remove(leads: ReadonlySet<number>, alsoLinked: Iterable<number> = []): Work<Set<number>> {
			const linked = yield* linkedBy(leads);
			for (const id of alsoLinked) linked.add(id);
			yield* run(rememberLast);
			yield* rememberMessages();
			const aliased = yield* column<number>(`SELECT previous_user FROM aliases WHERE ${isChosen} AND reading = 0
				UNION SELECT previous_anonymous FROM aliases WHERE ${isChosen} AND reading = 1`);
			const touched = new Set([...leads, ...linked, ...aliased]);
			for (const id of touched) {
				yield* run(`DELETE FROM event_identifiers WHERE identifier = ? AND ${isChosen}`, id);
			}
			for (const lead of leads) {
				yield* run(`DELETE FROM trait_writes WHERE lead = ? AND ${isChosen}`, lead);
				yield* run(`DELETE FROM memberships WHERE lead = ? AND ${isChosen}`, lead);
			}
			for (const table of ["event_payloads", "aliases", "events"]) {
				yield* run(`DELETE FROM ${table} WHERE ${isChosen}`);
			}
			return touched;
		},

		/** Decides the identity of these from the evidence that is left. */
		*decideAnew(touched: ReadonlySet<number>, at: number): Work<void> {
			const unseen = yield* lookAgain(touched);
			identifiers.forget();
			const groups: number[] = [];
			const regions: number[] = [];
			for (const id of touched) ((yield* ownership.row(id)).type === "user_id" ? groups : regions).push(id);
			yield* decider.revise({ regions, groups, unseen }, at);
		},
	};
}

export type EventRemoval = ReturnType<typeof createEventRemoval>;
