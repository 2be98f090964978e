import { flag, type Identifiers } from "./identifiers.ts";
import type { Ingest } from "./ingest.ts";
import { createStatements, type SqliteDatabase } from "./openDatabase.ts";
import { type Ownership, selectIdentifiersOfUser } from "./ownership.ts";
import type { Tombstones } from "./tombstones.ts";

export interface EventRemovalDeps {
	database: SqliteDatabase;
	identifiers: Identifiers;
	ownership: Ownership;
	ingest: Ingest;
	tombstones: Tombstones;
}

const isChosen = "seq IN (SELECT seq FROM temp.erased)";

/** Takes stored events out, with all that only they said, inside a transaction that the caller has begun. */
export function createEventRemoval({ database, identifiers, ownership, ingest, tombstones }: EventRemovalDeps) {
	database.exec("CREATE TEMP TABLE IF NOT EXISTS erased (seq INTEGER PRIMARY KEY)");
	const statement = createStatements(database);
	const run = (sql: string, ...values: unknown[]) => statement(sql).run(...values);
	const pluck = (sql: string, ...values: unknown[]) =>
		statement(sql)
			.pluck()
			.all(...values) as number[];

	/** Identifiers that the chosen events may link: their regions are decided anew. */
	const linkedBy = (leads: ReadonlySet<number>): Set<number> => {
		// A link that a correction took away is in no memory of who was seen with whom, so anonymous ids are asked for too.
		const linked = new Set(pluck(`SELECT DISTINCT anonymous FROM events WHERE ${isChosen} AND anonymous IS NOT NULL`));
		for (const lead of leads) {
			const found =
				ownership.row(lead).type === "user_id"
					? pluck(selectIdentifiersOfUser, { id: lead })
					: pluck("SELECT identifier FROM event_identifiers WHERE lead = ? AND kind = 2", lead);
			for (const id of found) linked.add(id);
		}
		return linked;
	};

	// Whoever reads on from a number must not find another event under it, so it is not given again.
	const rememberLast = () =>
		run(`INSERT INTO counters (name, value) SELECT 'last_seq', coalesce(max(seq), 0) FROM events WHERE true
			ON CONFLICT DO UPDATE SET value = max(value, excluded.value)`);

	const rememberMessages = () => {
		const messages = database.prepare(`SELECT source, message_id FROM events WHERE ${isChosen}`).all() as {
			source: string;
			message_id: string;
		}[];
		for (const { source, message_id } of messages) tombstones.rememberMessage(source, message_id);
	};

	/** Says of each identifier whether any event that is left carries it or is led by it. */
	const lookAgain = (ids: Iterable<number>): number[] => {
		const unseen: number[] = [];
		for (const id of ids) {
			const [led] = pluck("SELECT EXISTS (SELECT 1 FROM events WHERE lead = ?)", id);
			const [linked] = pluck("SELECT EXISTS (SELECT 1 FROM event_identifiers WHERE identifier = ? AND kind <> 1)", id);
			const bits = (led ? flag.led | flag.seen : 0) | (linked ? flag.seen : 0);
			run(`UPDATE identifiers SET flags = (flags & ${flag.corrected}) | ? WHERE id = ?`, bits, id);
			if (!led && !linked) unseen.push(id);
		}
		return unseen;
	};

	return {
		/** Chooses no event yet. */
		begin(): void {
			run("DELETE FROM temp.erased");
		},
		/** Chooses events `e` by a condition. */
		choose(where: string, values: readonly unknown[]): void {
			run(`INSERT OR IGNORE INTO temp.erased SELECT e.seq FROM events e WHERE ${where}`, ...values);
		},
		/** How many are chosen; `where` narrows the count. */
		count: (where = "1"): number => pluck(`SELECT count(*) FROM events WHERE ${isChosen} AND ${where}`)[0] as number,

		/** Who leads the chosen ones. */
		leads: (): Set<number> => new Set(pluck(`SELECT DISTINCT lead FROM events WHERE ${isChosen} AND lead IS NOT NULL`)),

		/** Every identifier that any of them links. Reads all evidence there is. */
		linked: (): number[] => pluck(`SELECT DISTINCT identifier FROM event_identifiers WHERE ${isChosen}`),

		/**
		 * Removes the chosen events; their ids stay remembered. What they wrote about groups stays.
		 *
		 * @param leads whoever leads any of them, at least.
		 * @param alsoLinked identifiers that they link, as far as known beside what the leads' state says.
		 * @returns the identifiers whose identity is to be decided anew.
		 */
		remove(leads: ReadonlySet<number>, alsoLinked: Iterable<number> = []): Set<number> {
			const linked = linkedBy(leads);
			for (const id of alsoLinked) linked.add(id);
			rememberLast();
			rememberMessages();
			const aliased = pluck(`SELECT previous_user FROM aliases WHERE ${isChosen} AND reading = 0
				UNION SELECT previous_anonymous FROM aliases WHERE ${isChosen} AND reading = 1`);
			const touched = new Set([...leads, ...linked, ...aliased]);
			for (const id of touched) {
				run(`DELETE FROM event_identifiers WHERE identifier = ? AND ${isChosen}`, id);
			}
			for (const lead of leads) {
				run(`DELETE FROM trait_writes WHERE lead = ? AND ${isChosen}`, lead);
				run(`DELETE FROM memberships WHERE lead = ? AND ${isChosen}`, lead);
			}
			for (const table of ["event_payloads", "aliases", "events"]) {
				run(`DELETE FROM ${table} WHERE ${isChosen}`);
			}
			return touched;
		},

		/** Decides the identity of these from the evidence that is left. */
		decideAnew(touched: ReadonlySet<number>, at: number): void {
			const unseen = lookAgain(touched);
			identifiers.forget();
			const isUser = (id: number) => ownership.row(id).type === "user_id";
			const [groups, regions] = [[...touched].filter(isUser), [...touched].filter((id) => !isUser(id))];
			ingest.revise({ regions, groups, unseen }, at);
		},
	};
}

export type EventRemoval = ReturnType<typeof createEventRemoval>;
