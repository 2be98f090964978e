import {
	type IdentifierColumns,
	type IdentifierRow,
	identifierColumns,
	toIdentifierRow,
} from "../sql/identifierRows.ts";
import { all, type Work } from "../sql/work.ts";
import { bigints } from "./literals.ts";

const select = `SELECT ${identifierColumns} FROM identifiers WHERE id = ANY(CAST(? AS bigint[]))`;
// Rows for which this had to wait come as they are then.
const lock = `${select} ORDER BY id FOR NO KEY UPDATE`;

/**
 * The identifiers that a transaction decides about, as they are while nobody else can change them.
 *
 * Whoever reads or changes anything about an identifier (its region, its evidence, its spans, whom it was seen with) holds
 * the lock on the row of its region's root; for a user, of the root of its alias group. So of two transactions that touch
 * the same people the second sees all that the first did, and nobody else waits.
 *
 * Locks are first taken in the order of their numbers, by one statement: then no two can wait for each other. What turns
 * out to be needed later is taken only if nobody else has it (an error 55P03 otherwise), and noted in `wanted`, so that
 * the next attempt takes it at its beginning.
 */
export interface LockedRows {
	/** Locks the regions of these, before anything is decided. */
	begin(known: readonly IdentifierRow[]): Work<void>;
	/** Makes these known, with the locks on their regions. */
	add(ids: Iterable<number>): Work<void>;
	/** Takes in members of a region that is locked. */
	learn(rows: readonly IdentifierColumns[]): IdentifierRow[];
	/** One that is known. */
	row(id: number): IdentifierRow;
}

/** @param wanted what earlier attempts of the same transaction found out that they need; added to. */
export function createLockedRows(wanted: Set<number>): LockedRows {
	const rows = new Map<number, IdentifierRow>();
	const locked = new Set<number>();

	/** The roots that are not locked yet. */
	const missing = (ids: Iterable<number>): Set<number> => {
		const roots = new Set<number>();
		for (const id of ids) {
			const { root } = rows.get(id) as IdentifierRow;
			if (!locked.has(root)) roots.add(root);
		}
		return roots;
	};

	/** What was read before a lock was had may be out of date; what this transaction made is nobody else's yet. */
	function* read(ids: Iterable<number>): Work<void> {
		const asked = [...ids].filter((id) => !rows.get(id)?.fresh);
		if (asked.length === 0) return;
		for (const found of yield* all<IdentifierColumns>(select, bigints(asked))) put(toIdentifierRow(found));
	}

	/** In place: others hold the row. */
	const put = (row: IdentifierRow): IdentifierRow => {
		const known = rows.get(row.id);
		if (known) return Object.assign(known, row);
		rows.set(row.id, row);
		return row;
	};

	function* take(ids: Iterable<number>, howLong: "" | " NOWAIT"): Work<void> {
		const roots = missing(ids);
		if (roots.size === 0) return;
		for (const found of yield* all<IdentifierColumns>(lock + howLong, bigints(roots))) put(toIdentifierRow(found));
		for (const root of roots) locked.add(root);
		yield* read([...ids].filter((id) => !roots.has(id)));
		// Whoever held the lock before may have put one of them into another region.
		const both = new Set([...ids, ...roots]);
		if (missing(both).size > 0) yield* takeMore(both);
	}

	function* takeMore(ids: Iterable<number>): Work<void> {
		for (const id of ids) wanted.add(id);
		yield* take(ids, " NOWAIT");
	}

	return {
		*begin(known) {
			for (const row of known) {
				rows.set(row.id, row);
				if (row.fresh) locked.add(row.id);
			}
			yield* read([...wanted].filter((id) => !rows.has(id)));
			yield* take([...rows.keys()], "");
		},
		*add(ids) {
			const asked = new Set(ids);
			const unknown = [...asked].filter((id) => !rows.has(id));
			if (unknown.length === 0) return;
			yield* read(unknown);
			const unlocked = unknown.filter((id) => !locked.has((rows.get(id) as IdentifierRow).root));
			// A root that is locked was so before this was read.
			if (unlocked.length > 0) yield* takeMore(unlocked);
		},
		learn: (found) => found.map((one) => rows.get(one.id) ?? put(toIdentifierRow(one))),
		row(id) {
			const row = rows.get(id);
			if (!row) throw new Error(`identifier ${id} is missing from the database`);
			return row;
		},
	};
}
