import type { IdentityConfig, Plan } from "@selfsame/identity";
import type { Identifier } from "@selfsame/protocol";
import type { ClientBase } from "pg";
import { createAmendments } from "../sql/amendments.ts";
import { noDecisions } from "../sql/decider.ts";
import { type ErasedName, erasedHex, flag, type IdentifierRow } from "../sql/identifierRows.ts";
import type { IdentifierIds } from "../sql/identifiers.ts";
import { createNaming, type IdentifierSource, type Incoming, type RestoredEvent, readingsOf } from "../sql/incoming.ts";
import { createKeyedHash } from "../sql/keyedHash.ts";
import { putMeta } from "../sql/meta.ts";
import type { RestoreTarget } from "../sql/restore.ts";
import { type Steps, step } from "../sql/steps.ts";
import { all, run, type Work } from "../sql/work.ts";
import { postgresDialect } from "./dialect.ts";
import { writeEvents } from "./eventWriter.ts";
import { loadIdentifiers } from "./identifierLoader.ts";
import { makePartitions } from "./partitions.ts";
import { createRunWork } from "./runWork.ts";

/** How many identifiers are kept in memory: about 100 MB at the most. */
const mostIdentifiers = 200_000;

/** After how many events the planner looks at the tables, which were empty; then whenever they have doubled. */
const firstLook = 5_000;

const raiseFlags = `UPDATE identifiers i SET flags = r.flags
	FROM json_to_recordset(CAST(? AS json)) AS r(id bigint, flags integer) WHERE i.id = r.id`;

const nameOf = (one: Identifier | ErasedName): string =>
	"value" in one ? `${one.type}\n${one.value}` : `${one.type}\n${one.diedAt}\n${erasedHex(one.key)}`;

export interface RestoreTargetDeps {
	/** A connection, in no transaction. */
	client: ClientBase;
	config: IdentityConfig;
	/** The workspace's `hash_secret`, in hex. */
	secret: string;
	/** How identifiers get their numbers. */
	ids: IdentifierIds;
}

/** A workspace in PostgreSQL that is built by one connection while nobody else writes to it. */
export async function createRestoreTarget({ client, config, secret, ids }: RestoreTargetDeps): Promise<RestoreTarget> {
	const runWork = createRunWork(client);
	await runWork(putMeta("hash_secret", secret));
	const hash = createKeyedHash(Buffer.from(secret, "hex"));
	const deps = { dialect: postgresDialect, config, hash, ids, counts: noDecisions(), most: mostIdentifiers };
	const amendments = createAmendments(deps);
	const { identifiers, decider, counters } = amendments;
	const naming = createNaming(config);
	/** Months of payloads whose partitions are there. */
	const months = new Set<string>();
	/** How many events were stored, and at how many the planner is to look at the tables again. */
	let stored = 0;
	let nextLook = firstLook;

	function* sourceFor(events: readonly RestoredEvent[]): Work<IdentifierSource> {
		const erased = new Map<string, IdentifierRow>();
		const eachErased = events.flatMap(({ erased, previous }) => [
			...erased,
			...(previous ? [previous.user, previous.anonymous].filter((one) => !("value" in one)) : []),
		]);
		for (const name of eachErased as ErasedName[]) erased.set(nameOf(name), yield* identifiers.resolveErased(name));
		const resolveErased = (name: ErasedName) => erased.get(nameOf(name)) as IdentifierRow;
		if (!(yield* identifiers.hasDeletions())) {
			yield* loadIdentifiers(events.flatMap(namesIn), { identifiers, ids, config });
			return { resolve: (name) => identifiers.known(name) as IdentifierRow, resolveErased };
		}
		// Whom a name means depends on when: an earlier run came to the end, and this one catches up.
		const living = new Map<string, IdentifierRow>();
		const at = (name: Identifier, timestamp: number) => `${timestamp}\n${nameOf(name)}`;
		for (const restored of events) {
			const { timestamp } = restored.event;
			for (const name of namesIn(restored)) {
				living.set(at(name, timestamp), yield* identifiers.resolve(name, timestamp));
			}
		}
		return { resolve: (name, timestamp) => living.get(at(name, timestamp)) as IdentifierRow, resolveErased };
	}

	function namesIn({ event, previous }: RestoredEvent): Identifier[] {
		const { identifiers: own, previousId } = naming.namesOf(event);
		const readings = previousId === undefined ? [] : Object.values(readingsOf(previousId));
		const told = previous ? [previous.user, previous.anonymous].filter((one) => "value" in one) : [];
		return [...own, ...readings, ...told];
	}

	/** What the events and the plan raise, by one statement; the plan writer then finds it done. */
	function* raiseAll(incoming: readonly Incoming[], plan: Plan): Work<void> {
		const raised = new Map<number, IdentifierRow>();
		const raise = (row: IdentifierRow, bit: number) => {
			if ((row.flags & bit) !== 0) return;
			row.flags |= bit;
			raised.set(row.id, row);
		};
		for (const { lead } of incoming) if (lead) raise(yield* identifiers.byId(lead.id), flag.led);
		for (const id of plan.seen) raise(yield* identifiers.byId(id), flag.seen);
		const rows = [...raised.values()].map(({ id, flags }) => ({ id, flags }));
		if (rows.length > 0) yield* run(raiseFlags, JSON.stringify(rows));
	}

	function* store(events: readonly RestoredEvent[]): Work<void> {
		const keys = new Map((yield* all<{ id: number; key: string }>("SELECT id, key FROM write_keys")).map(toEntry));
		const source = yield* sourceFor(events);
		const incoming = events.map((event) => naming.nameRestored(event, source));
		const plan = yield* decider.decide(incoming);
		yield* writeEvents(incoming, (key) => (key === undefined ? null : (keys.get(key) ?? null)));
		yield* raiseAll(incoming, plan);
		yield* decider.write(plan, Date.now());
		counters.add("unattributed", incoming.filter(({ lead }) => !lead).length);
		counters.add("events", incoming.length);
		yield* counters.flush();
	}

	async function makeRoom(events: readonly RestoredEvent[]): Promise<void> {
		for (const { receivedAt } of events.map(({ event }) => event)) {
			const month = new Date(receivedAt).toISOString().slice(0, 7);
			if (months.has(month)) continue;
			await makePartitions(client, receivedAt);
			months.add(month);
		}
	}

	return {
		run: runWork,
		*transact<T>(steps: () => Steps<T>): Steps<T> {
			yield* step(client.query("BEGIN"));
			try {
				const result = yield* steps();
				yield* step(client.query("COMMIT"));
				identifiers.settle();
				return result;
			} catch (error) {
				yield* step(client.query("ROLLBACK").catch(() => {}));
				amendments.forget();
				months.clear();
				throw error;
			}
		},
		async storeEvents(events) {
			await makeRoom(events);
			await runWork(store(events));
			stored += events.length;
			if (stored < nextLook) return;
			await client.query("ANALYZE");
			nextLook *= 2;
		},
		amendments: () => amendments,
		async continueNumbers(lastLetter) {
			for (const table of ["write_keys", "corrections", "dead_letters"]) {
				await client.query(
					`SELECT setval('${table}_id_seq', max(id)) FROM ${table} HAVING max(id) > (SELECT last_value FROM ${table}_id_seq)`,
				);
			}
			if (lastLetter === undefined) return;
			const letters = "SELECT setval('dead_letters_id_seq', $1) FROM dead_letters_id_seq WHERE last_value < $1";
			await client.query(letters, [lastLetter]);
		},
	};
}

const toEntry = ({ id, key }: { id: number; key: string }): [string, number] => [key, id];
