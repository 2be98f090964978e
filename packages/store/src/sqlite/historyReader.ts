import {
	type AliasRow,
	type EvidenceRow,
	findRoot,
	type History,
	type IdentityConfig,
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
	toAlias,
	toEvidence,
} from "./facts.ts";
import { type IdentifierRow, identifierColumns, identifierFact } from "./identifiers.ts";
import type { SqliteDatabase } from "./openDatabase.ts";
import { type OwnedSpan, ownedSpans, selectIdentifiersOfUser } from "./ownership.ts";

/** What the rule says of some people, worked out from their evidence alone. */
export interface Past {
	resolution: Resolution;
	history: History;
	/** Whom an identifier belongs to in the end, by the user or identifier that stands for the owner. */
	ownerOf(identifier: number): number;
	/** All stretches that an owner has. */
	ownedBy(owner: number): OwnedSpan[];
}

/**
 * Gathers all evidence that has to do with some identifiers, whatever corrections say of it now, and works it out anew.
 * This is how questions about other times, and about reasons, are answered without keeping either.
 */
export function createHistoryReader(database: SqliteDatabase, config: IdentityConfig) {
	const byId = database.prepare(`SELECT ${identifierColumns} FROM identifiers WHERE id = ?`);
	const linked = database.prepare(`${selectEvidence} AND l.kind <> ${linkKind.previous}`);
	const joints = database
		.prepare(`SELECT identifier FROM event_identifiers WHERE lead = ? AND kind = ${linkKind.joint}`)
		.pluck();
	const ofUser = database.prepare(selectIdentifiersOfUser).pluck();
	const aliases = database.prepare(selectAliases);
	const unlinks = database.prepare(
		"SELECT a, b, at AS before FROM corrections WHERE kind = 'unlink' AND (a = :id OR b = :id)",
	);
	const unmerges = database.prepare(
		"SELECT :id AS user, at AS before FROM corrections WHERE kind = 'unmerge' AND (a = :id OR b = :id)",
	);
	const firstSeen = database
		.prepare(
			`SELECT min(ts) FROM (SELECT min(ts) AS ts FROM events WHERE lead = :id
			UNION ALL SELECT min(ts) FROM event_identifiers WHERE identifier = :id AND kind <> ${linkKind.previous})`,
		)
		.pluck();

	const hasLimits = Object.entries(config.identifiers).some(
		([type, { limit }]) => type !== "user_id" && limit !== null,
	);

	/**
	 * Everything connected to the seeds. A user is a wall between its identifiers unless a limit may be in reach, or its
	 * profile is what was asked for.
	 */
	const gather = (seeds: readonly number[]) => {
		const rows = new Map<string, EvidenceRow>();
		const aliasRows = new Map<number, AliasRow>();
		const facts: Map<number, ReturnType<typeof identifierFact>> = new Map();
		const opened = new Set<number>();
		const pending: number[] = [];

		const know = (id: number) => {
			let fact = facts.get(id);
			if (!fact) {
				fact = identifierFact({ ...(byId.get(id) as IdentifierRow), fresh: false });
				facts.set(id, fact);
			}
			return fact;
		};
		const visit = (id: number) => {
			if (opened.has(id)) return;
			opened.add(id);
			pending.push(id);
		};
		const isLimited = (id: number) => know(id).type !== "user_id" && config.identifiers[know(id).type]?.limit != null;
		/** Regions in the making: which identifiers events without a user have joined. */
		const joined = new Map<number, number>();
		const seenWith: { id: number; user: number }[] = [];

		const openUser = (user: number) => {
			for (const row of (aliases.all({ id: user }) as AliasColumns[]).map(toAlias)) {
				aliasRows.set(row.seq, row);
				[row.user, row.previousUser, row.previousAnonymous].forEach(visit);
			}
			for (const id of ofUser.all({ id: user }) as number[]) visit(id);
		};
		const openOther = (id: number) => {
			for (const row of (aliases.all({ id }) as AliasColumns[]).map(toAlias)) {
				aliasRows.set(row.seq, row);
				know(row.previousUser);
				if (know(row.user).type === "user_id") seenWith.push({ id, user: row.user });
			}
			for (const row of (linked.all(id) as EvidenceColumns[]).map(toEvidence)) {
				rows.set(`${row.seq} ${id}`, row);
				if (know(row.lead).type === "user_id") seenWith.push({ id, user: row.lead });
				else join(id, row.lead);
			}
			for (const other of joints.all(id) as number[]) join(id, other);
		};
		const join = (id: number, other: number) => {
			visit(other);
			joined.set(findRoot(joined, id), findRoot(joined, other));
		};
		/** A limit may be in reach of whoever was seen with any identifier of a region that has limited ones. */
		const openUsersOfLimitedRegions = () => {
			const limited = new Set([...opened].filter(isLimited).map((id) => findRoot(joined, id)));
			for (const { id, user } of seenWith) if (limited.has(findRoot(joined, id))) visit(user);
		};

		seeds.forEach(visit);
		while (pending.length > 0) {
			const id = pending.pop() as number;
			if (know(id).type === "user_id") openUser(id);
			else openOther(id);
			if (pending.length === 0 && hasLimits) openUsersOfLimitedRegions();
		}
		return { rows: [...rows.values()], aliases: [...aliasRows.values()], facts };
	};

	const load = (seeds: readonly number[]): History => {
		const { rows, aliases, facts } = gather(seeds);
		const seen = new Map<number, number>();
		for (const { previousUser, previousAnonymous } of aliases) {
			for (const id of [previousUser, previousAnonymous]) {
				const first = firstSeen.get({ id }) as number | null;
				if (first !== null) seen.set(id, first);
				if (!facts.has(id)) facts.set(id, identifierFact({ ...(byId.get(id) as IdentifierRow), fresh: false }));
			}
		}
		const corrected = [...facts.values()].filter((fact) => fact.corrected).map(({ id }) => id);
		return {
			identifiers: facts,
			rows,
			aliases,
			unlinks: corrected.flatMap((id) => unlinks.all({ id }) as History["unlinks"]),
			unmerges: corrected.flatMap((id) => unmerges.all({ id }) as History["unmerges"]),
			firstSeen: seen,
		};
	};

	return {
		/** Works out everything about the identifiers and whoever owned them, as of a time (ms) or now. */
		read(seeds: readonly number[], asOf?: number): Past {
			let wanted = new Set(seeds);
			for (;;) {
				const history = load([...wanted]);
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
