import { decideBatch, emptyFacts, type IdentityConfig, type Plan } from "@selfsame/identity";
import type { AcceptedEvent, IngestResult } from "@selfsame/protocol";
import type { Pool } from "pg";
import { type DeadLetter, IdentityRulesChangedError } from "../port.ts";
import type { CounterName } from "../sql/counters.ts";
import type { DecisionCounts } from "../sql/decider.ts";
import { flag, identifierFact, regionFact } from "../sql/identifierRows.ts";
import { canonicalRules } from "../sql/identityRules.ts";
import { createNaming, type Incoming, readingsOf, toCandidates, withoutDeadNames } from "../sql/incoming.ts";
import { inheritCorrections } from "../sql/inheritCorrections.ts";
import type { KeyedHash } from "../sql/keyedHash.ts";
import { isBelievedUser } from "../sql/standing.ts";
import { get, leave, run, type Work } from "../sql/work.ts";
import { createWriteKeyIds } from "../sql/writeKeyIds.ts";
import { isConflict, isDuplicate, isLockTimeout } from "./errors.ts";
import { writeEvents, writeEvidence } from "./eventWriter.ts";
import { createBlockIds } from "./identifierIds.ts";
import { createInsertion } from "./insertRows.ts";
import { createJudge, type Judged } from "./judge.ts";
import { createLockedFactLoader } from "./loadFacts.ts";
import { createLockedRows, type LockedRows } from "./lockedRows.ts";
import { findNames, type Mention, type NameRows } from "./nameRows.ts";
import { firstNumber, mostNumbers } from "./numbers.ts";
import type { PoolSettings } from "./openPool.ts";
import { createRunWork } from "./runWork.ts";
import { transact } from "./transact.ts";
import { requireFinished } from "./unfinished.ts";
import { lockShared } from "./workspaceLock.ts";
import { bitsToRaise, raiseFlags, writePlan } from "./writePlan.ts";

export interface IngestDeps {
	/** Of `ingestConnections`. */
	pool: Pool;
	config: IdentityConfig;
	hash: KeyedHash;
	/** Added to by every decision. */
	counts: DecisionCounts;
}

/** Bytes of a trait's key, with its group's id where it is a group's: an entry of an index may hold 2.7 kB. */
const mostKeyBytes = 2_600;
/** Writers that meet at a row of a counter wait for each other's commit: each process takes one of so many rows. */
const counterSlots = 64;
/**
 * To look for each message first costs a tenth of storing it, and most come once. So they are stored unseen; where one is
 * known, which the index of messages tells, the batch is done again, and it and so many after it are looked through.
 */
const waryFor = 100;

interface Beginning {
	rules: string | null;
	isUnfinished: boolean;
	first: number;
	anyDeleted: boolean;
}

/**
 * A batch looks for few rows by their keys, however large the tables are. The plan for it is made once for each connection,
 * perhaps while the tables are small or before they were looked through, and must be as good for large ones.
 */
export const ingestConnections: PoolSettings = {
	settings: ["enable_seqscan=off", "enable_hashjoin=off", "enable_mergejoin=off"],
	pipeline: true,
};

const begin = `SELECT (SELECT value FROM meta WHERE name = 'identity_rules') AS rules, ${firstNumber} AS first,
	EXISTS (SELECT FROM meta WHERE name = 'unfinished') AS "isUnfinished", EXISTS (SELECT FROM deletions) AS "anyDeleted"`;

const putCounts = `INSERT INTO counters (name, slot, value)
	SELECT name, slot, value FROM json_to_recordset(CAST(? AS json)) AS r(name text, slot integer, value bigint) ORDER BY name
	ON CONFLICT (name, slot) DO UPDATE SET value = counters.value + excluded.value`;

// A retry is rejected again and kept once.
const putLetters = createInsertion(
	"dead_letters",
	{
		id: "bigint",
		source: "text",
		received_at: "bigint",
		message_id: "text",
		code: "text",
		detail: "text",
		body: "text",
	},
	"ON CONFLICT DO NOTHING",
);

/**
 * The write path, for any number of collectors at once. One batch is one transaction of a few statements, however many
 * events it has.
 *
 * Nothing about identity is remembered from one transaction to the next, since others write too. Each transaction locks
 * the people that it touches (see `LockedRows`) before it reads about them, and begins anew when it met another: two that
 * bring the same message, or that need each other's people.
 */
export function createIngest({ pool, config, hash, counts }: IngestDeps) {
	const naming = createNaming(config);
	const rules = canonicalRules(config);
	const ids = createBlockIds();
	const writeKeyIds = createWriteKeyIds();
	const judge = createJudge(hash);
	/** How many more batches are looked through for messages that are known. */
	let wary = 0;
	const slot = Math.floor(Math.random() * counterSlots);

	/** Everybody whom the events name. */
	const mentionsIn = (judged: readonly Judged[]): Mention[] =>
		judged.flatMap(({ event, named: { identifiers, previousId } }) => {
			const { timestamp } = event;
			const standing = isBelievedUser(event) ? flag.believed : flag.unproven;
			const own = identifiers.map((identifier, index) => {
				const lead = flag.led | (identifier.type === "user_id" ? standing : 0);
				return { identifier, timestamp, flags: index === 0 ? flag.seen | lead : flag.seen };
			});
			if (previousId === undefined) return own;
			const { user, anonymous } = readingsOf(previousId);
			return [...own, ...[user, anonymous].map((identifier) => ({ identifier, timestamp, flags: 0 }))];
		});

	function* decide(incoming: readonly Incoming[], names: NameRows, locked: LockedRows): Work<Plan> {
		yield* locked.begin(names.rows);
		const facts = emptyFacts();
		for (const row of names.rows) {
			facts.identifiers.set(row.id, identifierFact(row));
			const root = locked.row(row.root);
			facts.identifiers.set(root.id, identifierFact(root));
			facts.regions.set(root.id, regionFact(root));
		}
		const candidates = toCandidates(incoming);
		const read = { evidenceRead: 0 };
		const load = createLockedFactLoader(locked, read);
		let lastAsked = "";
		for (;;) {
			const { plan, needs } = decideBatch(facts, candidates, config);
			if (plan) {
				for (const way of ["fast", "window", "rebuilt"] as const) counts[way] += plan.counts[way];
				counts.evidenceRead += read.evidenceRead;
				return plan;
			}
			const asked = JSON.stringify(needs);
			if (asked === lastAsked) throw new Error(`identity asks in vain for ${asked}`);
			lastAsked = asked;
			yield* load(facts, needs);
		}
	}

	function* findWriteKeys(events: readonly Incoming[]): Work<(key: string | undefined) => number | null> {
		const found = new Map<string | undefined, number | null>();
		for (const { event } of events) {
			const { writeKey } = event;
			if (found.has(writeKey)) continue;
			const known = writeKeyIds.known(writeKey);
			found.set(writeKey, known === undefined ? yield* writeKeyIds.find(writeKey as string) : known);
		}
		return (key) => found.get(key) ?? null;
	}

	/** Lets corrections that reach farther than a deletion hold for the name's next life. */
	function* inherit({ reborn }: NameRows): Work<void> {
		const corrected = new Map<number, number>();
		for (const { row, past } of reborn) {
			if (!(yield* inheritCorrections(row.id, past))) continue;
			row.flags |= flag.corrected;
			corrected.set(row.id, flag.corrected);
		}
		yield* raiseFlags(corrected);
	}

	function* store(judged: readonly Judged[], first: number, mayBeDead: boolean, wanted: Set<number>): Work<Incoming[]> {
		const names = yield* findNames(mentionsIn(judged), mayBeDead, { config, hash, ids });
		yield* inherit(names);
		const source = { resolve: names.resolve, resolveErased: neverErased };
		const incoming = judged.map(({ event, named }, place) =>
			withoutDeadNames(naming.name(event, first + place, source, named)),
		);
		// The larger part of the writing is done before anybody is locked.
		yield* writeEvents(incoming, yield* findWriteKeys(incoming));
		const locked = createLockedRows(wanted);
		const plan = yield* decide(incoming, names, locked);
		yield* writeEvidence(incoming);
		const leads = incoming.flatMap(({ lead }) => lead ?? []);
		const flagsOf = (id: number) => names.made.get(locked.row(id)) ?? locked.row(id).flags;
		yield* raiseFlags(bitsToRaise(plan, leads, flagsOf));
		yield* writePlan(plan, Date.now());
		return incoming;
	}

	function* writeCounts(pending: Record<CounterName, number>): Work<void> {
		const rows = Object.entries(pending).filter(([, value]) => value !== 0);
		if (rows.length > 0) yield* leave(putCounts, JSON.stringify(rows.map(([name, value]) => ({ name, slot, value }))));
	}

	function* ingestAll(
		events: readonly AcceptedEvent[],
		letters: readonly DeadLetter[],
		wanted: Set<number>,
		isWary: boolean,
	): Work<IngestResult[]> {
		yield* leave("BEGIN");
		yield* leave(lockShared);
		const { first, anyDeleted, isUnfinished, rules: inForce } = (yield* get<Beginning>(begin)) as Beginning;
		if (isUnfinished) yield* requireFinished();
		// A rebuild may have put others in force.
		if (inForce !== rules) throw new IdentityRulesChangedError();
		const { results, accepted } = yield* judge(
			events.map((event) => ({ event, named: naming.namesOf(event) })),
			{ anyDeleted, isWary },
		);
		const incoming = accepted.length === 0 ? [] : yield* store(accepted, first, anyDeleted, wanted);
		yield* putLetters(
			letters.map(({ source, receivedAt, messageId, code, detail, body }, place) => {
				return { id: first + place, source, received_at: receivedAt, message_id: messageId, code, detail, body };
			}),
		);
		const verdicts = (verdict: IngestResult["verdict"]) => results.filter((one) => one === verdict).length;
		yield* writeCounts({
			events: incoming.length,
			unattributed: incoming.filter(({ lead }) => !lead).length,
			duplicates: verdicts("duplicate"),
			erased: verdicts("erased"),
			suppressed: verdicts("suppressed"),
			rejected: letters.length,
		});
		yield* run("COMMIT");
		let place = 0;
		return results.map((verdict): IngestResult => {
			return verdict === "accepted" ? { verdict, seq: first + place++ } : { verdict };
		});
	}

	/** @throws RangeError for what PostgreSQL could not index. */
	async function ingest(
		events: readonly AcceptedEvent[],
		letters: readonly DeadLetter[] = [],
	): Promise<IngestResult[]> {
		if (events.length > mostNumbers) throw new RangeError(`At most ${mostNumbers} events at a time.`);
		for (const event of events) requireShortKeys(event);
		if (letters.length > mostNumbers) {
			await ingest([], letters.slice(mostNumbers));
			return ingest(events, letters.slice(0, mostNumbers));
		}
		/** Identifiers that an attempt found out late that it needs. */
		const wanted = new Set<number>();
		if (wary > 0) wary -= 1;
		const work = () => ingestAll(events, letters, wanted, wary > 0);
		const results = await transact(pool, (client) => createRunWork(client)(work()), {
			begin: null,
			isWorthRepeating(error) {
				if (isDuplicate(error)) wary = waryFor;
				return isConflict(error) || isDuplicate(error) || isLockTimeout(error);
			},
			attempts: 50,
		});
		if (results.some(({ verdict }) => verdict === "duplicate")) wary = waryFor;
		return results;
	}

	return { ingest };
}

const neverErased = (): never => {
	throw new Error("An event that comes in names nobody by a hash.");
};

function requireShortKeys({ type, traits, claims }: AcceptedEvent): void {
	if (type !== "identify" && type !== "group") return;
	const group = type === "group" ? String(claims.groupId ?? "") : "";
	const isLong = (key: string) => Buffer.byteLength(group) + Buffer.byteLength(key) > mostKeyBytes;
	if (!["", ...Object.keys(traits ?? {})].some(isLong)) return;
	throw new RangeError(`A trait's key has at most ${mostKeyBytes} bytes in PostgreSQL, its group's id included.`);
}
