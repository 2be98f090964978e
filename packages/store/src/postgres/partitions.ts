import type { ClientBase, Pool } from "pg";
import { transact } from "./transact.ts";

/** The months around which partitions are kept ready: this one and the next two. */
const monthsAhead = 2;

/** A month of collector time, in UTC: [from, to), ms. */
interface Month {
	partition: string;
	from: number;
	to: number;
}

/**
 * Makes the partitions of payloads for an instant's month and those after it, where they are not there yet.
 *
 * Nobody waits long for it: a partition is made by itself and then attached, which only keeps others from adding to the
 * default partition while that is looked through. What was received meanwhile into a month that had no partition stays
 * in the default one, and so does the rest of that month.
 *
 * @param now ms
 * @returns the names of those that were made.
 */
export async function makePartitions(client: ClientBase, now: number): Promise<string[]> {
	const made: string[] = [];
	for (let ahead = 0; ahead <= monthsAhead; ahead += 1) {
		const month = monthOf(now, ahead);
		if (await makePartition(client, month)) made.push(month.partition);
	}
	return made;
}

/** ms. */
const day = 24 * 60 * 60 * 1_000;

/** Makes partitions every day, for a store that stays open for months. @returns what ends it. */
export function keepPartitions(pool: Pool): () => void {
	const keep = () =>
		transact(pool, (client) => makePartitions(client, Date.now())).catch(() => {
			// Tomorrow is another day; and what has no partition of its own is kept all the same.
		});
	const timer = setInterval(keep, day).unref();
	return () => clearInterval(timer);
}

function monthOf(now: number, ahead: number): Month {
	const date = new Date(now);
	const start = (months: number) => Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + months, 1);
	const from = start(ahead);
	const name = new Date(from).toISOString().slice(0, 7).replace("-", "_");
	return { partition: `event_payloads_${name}`, from, to: start(ahead + 1) };
}

async function makePartition(client: ClientBase, { partition, from, to }: Month): Promise<boolean> {
	const { rows } = await client.query("SELECT to_regclass($1) IS NOT NULL AS is_there", [partition]);
	if (rows[0].is_there) return false;
	const inDefault = "SELECT 1 FROM event_payloads_default WHERE received_at >= $1 AND received_at < $2 LIMIT 1";
	// Nothing is added to it between looking and attaching.
	await client.query("LOCK TABLE event_payloads_default IN SHARE ROW EXCLUSIVE MODE");
	if ((await client.query(inDefault, [from, to])).rows.length > 0) return false;
	await client.query(`CREATE TABLE ${partition} (LIKE event_payloads INCLUDING DEFAULTS INCLUDING CONSTRAINTS)`);
	await client.query(`ALTER TABLE event_payloads ATTACH PARTITION ${partition} FOR VALUES FROM (${from}) TO (${to})`);
	return true;
}
