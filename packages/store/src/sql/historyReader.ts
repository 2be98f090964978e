import {
	type AliasRow,
	type EvidenceRow,
	findRoot,
	type History,
	type IdentityConfig,
	type Reach,
	type Resolution,
	resolve,
	type Span,
} from "@selfsame/identity";
import {
	type AliasColumns,
	type EvidenceColumns,
	linkKind,
	selectAliases,
	selectEvidence,
	selectUnlinks,
	selectUnmerges,
	toAlias,
	toEvidence,
} from "./evidence.ts";
import { type IdentifierColumns, identifierColumns, identifierFact, toIdentifierRow } from "./identifierRows.ts";
import { type OwnedSpan, ownedSpans, selectIdentifiersOfUser } from "./ownership.ts";
import { believedUser } from "./standing.ts";
import { all, column, get, pluck, type Work } from "./work.ts";

/** What the rule says of some people, worked out from their evidence alone. */
export interface Past {
	resolution: Resolution;
	history: History;
	/** Whom an identifier belongs to in the end, by the user or identifier that stands for the owner. */
	ownerOf(identifier: number): number;
	/** All stretches that an owner has. */
	ownedBy(owner: number): OwnedSpan[];
}

const linked = `${selectEvidence} AND l.kind <> ${linkKind.previous}`;
const joints = `SELECT identifier FROM event_identifiers WHERE lead = ? AND kind = ${linkKind.joint}`;
const firstSeen = `SELECT min(ts) FROM (SELECT min(ts) AS ts FROM events WHERE lead = :id
	UNION ALL SELECT min(ts) FROM event_identifiers WHERE identifier = :id AND kind <> ${linkKind.previous}) AS firsts`;
const firstBelieved = `SELECT ts FROM events WHERE lead = ? AND ${believedUser} ORDER BY ts LIMIT 1`;

type Fact = ReturnType<typeof identifierFact>;

function* factOf(id: number): Work<Fact> {
	const row = yield* get<IdentifierColumns>(`SELECT ${identifierColumns} FROM identifiers WHERE id = ?`, id);
	return identifierFact(toIdentifierRow(row as IdentifierColumns));
}

function* aliasesOf(id: number): Work<AliasRow[]> {
	return (yield* all<AliasColumns>(selectAliases, { id })).map(toAlias);
}

/**
 * Gathers all evidence that has to do with some identifiers, whatever corrections say of it now, and works it out anew.
 * This is how questions about other times, and about reasons, are answered without keeping either.
 */
export function createHistoryReader(config: IdentityConfig) {
	const hasLimits = Object.entries(config.identifiers).some(
		([type, { limit }]) => type !== "user_id" && limit !== null,
	);

	/**
	 * Everything connected to the seeds. A user is a wall between its identifiers unless a limit may be in reach, or its
	 * profile is what was asked for.
	 */
	function* gather(seeds: readonly number[]) {
		const rows = new Map<string, EvidenceRow>();
		const aliasRows = new Map<number, AliasRow>();
		const facts = new Map<number, Fact>();
		const opened = new Set<number>();
		const pending: number[] = [];

		function* know(id: number): Work<Fact> {
			let fact = facts.get(id);
			if (!fact) {
				fact = yield* factOf(id);
				facts.set(id, fact);
			}
			return fact;
		}
		const visit = (id: number) => {
			if (opened.has(id)) return;
			opened.add(id);
			pending.push(id);
		};
		function* isLimited(id: number): Work<boolean> {
			const { type } = yield* know(id);
			return type !== "user_id" && config.identifiers[type]?.limit != null;
		}
		/** Regions in the making: which identifiers events without a user have joined. */
		const joined = new Map<number, number>();
		const seenWith: { id: number; user: number }[] = [];

		function* openUser(user: number): Work<void> {
			for (const row of yield* aliasesOf(user)) {
				aliasRows.set(row.seq, row);
				[row.user, row.previousUser, row.previousAnonymous].forEach(visit);
			}
			for (const id of yield* column<number>(selectIdentifiersOfUser, { id: user })) visit(id);
		}
		function* openOther(id: number): Work<void> {
			for (const row of yield* aliasesOf(id)) {
				aliasRows.set(row.seq, row);
				yield* know(row.previousUser);
				if ((yield* know(row.user)).type === "user_id") seenWith.push({ id, user: row.user });
			}
			for (const row of (yield* all<EvidenceColumns>(linked, id)).map(toEvidence)) {
				rows.set(`${row.seq} ${id}`, row);
				if ((yield* know(row.lead)).type === "user_id") seenWith.push({ id, user: row.lead });
				else join(id, row.lead);
			}
			for (const other of yield* column<number>(joints, id)) join(id, other);
		}
		const join = (id: number, other: number) => {
			visit(other);
			joined.set(findRoot(joined, id), findRoot(joined, other));
		};
		/** A limit may be in reach of whoever was seen with any identifier of a region that has limited ones. */
		function* openUsersOfLimitedRegions(): Work<void> {
			const limited = new Set<number>();
			for (const id of [...opened]) if (yield* isLimited(id)) limited.add(findRoot(joined, id));
			for (const { id, user } of seenWith) if (limited.has(findRoot(joined, id))) visit(user);
		}

		seeds.forEach(visit);
		while (pending.length > 0) {
			const id = pending.pop() as number;
			if ((yield* know(id)).type === "user_id") yield* openUser(id);
			else yield* openOther(id);
			if (pending.length === 0 && hasLimits) yield* openUsersOfLimitedRegions();
		}
		return { rows: [...rows.values()], aliases: [...aliasRows.values()], facts };
	}

	function* load(seeds: readonly number[]): Work<History> {
		const { rows, aliases, facts } = yield* gather(seeds);
		const seen = new Map<number, number>();
		const believed = new Map<number, number>();
		for (const { previousUser, previousAnonymous } of aliases) {
			const proven = yield* pluck<number>(firstBelieved, previousUser);
			if (proven !== undefined) believed.set(previousUser, proven);
			for (const id of [previousUser, previousAnonymous]) {
				const first = (yield* pluck<number | null>(firstSeen, { id })) as number | null;
				if (first !== null) seen.set(id, first);
				if (!facts.has(id)) facts.set(id, yield* factOf(id));
			}
		}
		const [unlinks, unmerges]: [History["unlinks"][number][], History["unmerges"][number][]] = [[], []];
		for (const { id, corrected } of facts.values()) {
			if (!corrected) continue;
			unlinks.push(...(yield* all<History["unlinks"][number]>(selectUnlinks, { id })));
			const found = yield* all<Reach & { at: number }>(selectUnmerges, { id });
			unmerges.push(...found.map((unmerge) => ({ ...unmerge, user: id })));
		}
		return { identifiers: facts, rows, aliases, unlinks, unmerges, firstSeen: seen, firstBelieved: believed };
	}

	return {
		/** Works out everything about the identifiers and whoever owned them, as of a time (ms) or now. */
		*read(seeds: readonly number[], asOf?: number): Work<Past> {
			let wanted = new Set(seeds);
			for (;;) {
				const history = yield* load([...wanted]);
				const resolution = resolve(history, config, asOf);
				// Whoever turns out to be an owner is part of the answer, with all that is theirs.
				const owners = ownersOf([...wanted], resolution, history);
				const more = owners.filter((id) => !wanted.has(id));
				if (more.length === 0) return pastOf(resolution, history);
				wanted = new Set([...wanted, ...more]);
			}
		},
	};
}

export type HistoryReader = ReturnType<typeof createHistoryReader>;

/** Users that own any stretch of the identifiers, and the users they are one with. */
function ownersOf(ids: readonly number[], { spans, groups }: Resolution, history: History): number[] {
	const owners = new Set<number>();
	for (const id of ids) {
		const current = (spans.get(id) ?? [{ from: null, owner: id }]).at(-1) as Span;
		const isUser = history.identifiers.get(current.owner)?.type === "user_id";
		for (const user of isUser ? (groups.get(current.owner) ?? [current.owner]) : []) owners.add(user);
	}
	return [...owners];
}

function pastOf(resolution: Resolution, history: History): Past {
	const { spans, groups } = resolution;
	const groupOf = (owner: number) => groups.get(owner) ?? [owner];
	return {
		resolution,
		history,
		ownerOf(identifier) {
			const last = spans.get(identifier)?.at(-1)?.owner ?? identifier;
			return groupOf(last)[0] as number;
		},
		ownedBy(owner) {
			const ours = new Set(groupOf(owner));
			const owned: OwnedSpan[] = [];
			for (const id of history.identifiers.keys()) {
				owned.push(...ownedSpans(id, spans.get(id) ?? [{ from: null, owner: id }], (label) => ours.has(label)));
			}
			return owned;
		},
	};
}
