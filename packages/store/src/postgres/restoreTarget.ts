import type { IdentityConfig } from "@selfsame/identity";
import type { ClientBase } from "pg";
import { createAmendments } from "../sql/amendments.ts";
import { noDecisions } from "../sql/decider.ts";
import { type ErasedName, erasedHex, type IdentifierRow } from "../sql/identifierRows.ts";
import type { IdentifierIds, Identifiers } from "../sql/identifiers.ts";
import { createNaming, type IdentifierSource, type RestoredEvent, readingsOf } from "../sql/incoming.ts";
import { createKeyedHash } from "../sql/keyedHash.ts";
import { putMeta } from "../sql/meta.ts";
import type { RestoreTarget } from "../sql/restore.ts";
import { type Steps, step } from "../sql/steps.ts";
import { all, type Work } from "../sql/work.ts";
import { postgresDialect } from "./dialect.ts";
import { writeEvents, writeEvidence } from "./eventWriter.ts";
import { findNames, type Mention } from "./nameRows.ts";
import { exceedNumbers } from "./numbers.ts";
import { makePartitions } from "./partitions.ts";
import { createRunWork } from "./runWork.ts";
import { type Building, markUnfinished } from "./unfinished.ts";
import { bitsToRaise, raiseFlags, writePlan } from "./writePlan.ts";

/** After how many events the planner looks at the tables, which were empty; then whenever they have doubled. */
const firstLook = 5_000;

const keyOf = ({ type, key, diedAt }: ErasedName): string => `${type}\n${diedAt}\n${erasedHex(key)}`;

export interface RestoreTargetDeps {
	/** A connection, in no transaction. */
	client: ClientBase;
	config: IdentityConfig;
	/** The workspace's `hash_secret`, in hex. */
	secret: string;
	/** How identifiers get their numbers. */
	ids: IdentifierIds;
	/** What this is part of. The workspace is marked as not complete, which whoever began it is to end. */
	building: Building;
}

/** A workspace in PostgreSQL that is built by one connection while nobody else writes to it. */
export async function createRestoreTarget(deps: RestoreTargetDeps): Promise<RestoreTarget> {
	const { client, config, secret, ids, building } = deps;
	const runWork = createRunWork(client);
	await runWork(markUnfinished(building));
	await runWork(putMeta("hash_secret", secret));
	const hash = createKeyedHash(Buffer.from(secret, "hex"));
	const naming = createNaming(config);
	const amend = () => createAmendments({ dialect: postgresDialect, config, hash, ids, counts: noDecisions() });
	/** Months of payloads whose partitions are there. */
	const months = new Set<string>();
	let stored = 0;
	let nextLook = firstLook;

	function mentionsIn({ event, previous }: RestoredEvent): Mention[] {
		const { identifiers: own, previousId } = naming.namesOf(event);
		const readings = previousId === undefined ? [] : Object.values(readingsOf(previousId));
		const told = previous ? [previous.user, previous.anonymous].filter((one) => "value" in one) : [];
		// Who leads is known once those are put back whose names were deleted.
		return [...own, ...readings, ...told].map((identifier) => ({ identifier, timestamp: event.timestamp, flags: 0 }));
	}

	/** The rows of deleted names, where they are made one by one: they are few. */
	function* erasedIn(
		events: readonly RestoredEvent[],
		identifiers: Identifiers,
	): Work<IdentifierSource["resolveErased"]> {
		const rows = new Map<string, IdentifierRow>();
		for (const { erased, previous } of events) {
			const readings = previous ? [previous.user, previous.anonymous].filter((one) => "key" in one) : [];
			for (const name of [...erased, ...readings]) rows.set(keyOf(name), yield* identifiers.resolveErased(name));
		}
		return (name) => rows.get(keyOf(name)) as IdentifierRow;
	}

	function* store(events: readonly RestoredEvent[]): Work<void> {
		const { identifiers, decider, counters } = amend();
		const names = yield* findNames(events.flatMap(mentionsIn), yield* identifiers.hasDeletions(), {
			config,
			hash,
			ids,
		});
		for (const row of names.rows) identifiers.learn(row);
		const source = { resolve: names.resolve, resolveErased: yield* erasedIn(events, identifiers) };
		const incoming = events.map((event) => naming.nameRestored(event, source));
		const plan = yield* decider.decide(incoming);
		const keys = yield* all<{ id: number; key: string }>("SELECT id, key FROM write_keys");
		const idOfKey = new Map<string | undefined, number>(keys.map(({ id, key }) => [key, id]));
		yield* writeEvents(incoming, (key) => idOfKey.get(key) ?? null);
		yield* writeEvidence(incoming);
		const leads = incoming.flatMap(({ lead }) => lead ?? []);
		yield* raiseFlags(bitsToRaise(plan, leads, (id) => identifiers.knownById(id)?.flags ?? 0));
		yield* writePlan(plan, Date.now());
		counters.add("unattributed", incoming.length - leads.length);
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
				return result;
			} catch (error) {
				// Why the transaction failed says more than why it could not be ended.
				yield* step(client.query("ROLLBACK").catch(() => {}));
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
		amendments: amend,
		async continueNumbers(lastLetter) {
			for (const table of ["write_keys", "corrections"]) {
				await client.query(`SELECT setval('${table}_id_seq', max(id)) FROM ${table}
					HAVING max(id) >= (SELECT last_value FROM ${table}_id_seq)`);
			}
			await runWork(exceedNumbers(lastLetter ?? 0));
		},
	};
}
