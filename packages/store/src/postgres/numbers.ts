import { pluck, run, type Work } from "../sql/work.ts";

/**
 * The numbers of events and dead letters: those of one transaction begin with its own number, so that nobody is asked for
 * the next one, and so that a reader of the feed can tell up to which number all are there: none is to come below the
 * oldest transaction under way.
 */

/** How many bits of a number tell the place in the transaction. What is left lasts for 17 years of 1,000 transactions a second. */
const placeBits = 14;

/** How many events, and how many dead letters, one transaction may bring. */
export const mostNumbers = 2 ** placeBits;

/** What is added to all numbers: more than none where the workspace was moved here and had greater ones. */
const base = "coalesce((SELECT CAST(value AS bigint) FROM meta WHERE name = 'seq_base'), 0)";

/** The first number of the transaction at hand, which gets its number by this. */
export const firstNumber = `${base} + (CAST(CAST(pg_current_xact_id() AS text) AS bigint) << ${placeBits})`;

/** The last number up to which all are there. */
export const lastSureNumber = `${base} + (CAST(CAST(pg_snapshot_xmin(pg_current_snapshot()) AS text) AS bigint) << ${placeBits}) - 1`;

/**
 * What the numbers there are and those to come leave free, where the latter are raised: whoever follows the feed may have
 * been told of a place beyond the last event, since the numbers of a server grow for whatever it does.
 */
const gap = 2 ** (24 + placeBits);

const missingNumbers = `SELECT greatest(CAST(? AS bigint), (SELECT max(seq) FROM events), (SELECT max(id) FROM dead_letters),
	(SELECT max(value) FROM counters WHERE name = 'last_seq')) + 1 - (${firstNumber})`;
const raiseBase = `INSERT INTO meta (name, value) SELECT 'seq_base', CAST(${base} + CAST(? AS bigint) AS text) WHERE true
	ON CONFLICT (name) DO UPDATE SET value = excluded.value`;

/**
 * Makes all numbers from now on greater than those of the events and dead letters there are, which another server may have
 * given, and than another one.
 */
export function* exceedNumbers(number = 0): Work<void> {
	const missing = (yield* pluck<number>(missingNumbers, number)) as number;
	if (missing > 0) yield* run(raiseBase, missing + gap);
}
