import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { defaultIdentityConfig } from "@selfsame/identity";
import type { AcceptedEvent } from "@selfsame/protocol";
import { openStore } from "@selfsame/store";
import Database from "better-sqlite3";
import { measureAdversarial } from "./costPerEvent.ts";
import { adversarial, signIns, usual, type Workload } from "./workloads.ts";

/**
 * Events a second through the storage port, with full identity, beside the ceiling of the same run: the same events put
 * into one plain table with two indexes, as durably, 1,000 a commit in both. Both grow side by side, so that the ratio at
 * a size compares like with like; what SQLite's own indexes cost as they grow is in both.
 *
 * `SELFSAME_BENCH_SIZES=10000,100000,1000000` says at which numbers of stored events to measure. Then what strangers can
 * send, at `SELFSAME_BENCH_ADVERSARIAL=10000` events and ten times as many, each run for at most a minute of CPU time.
 */
const sizes = (process.env.SELFSAME_BENCH_SIZES ?? "10000,100000,1000000").split(",").map(Number);
const batch = 1_000;
/** How many events are timed at each size, in turns, so that a slow moment of the machine meets both. */
const timed = 10_000;

const workloads: Record<string, Workload> = { usual, "sign-ins": signIns, adversarial };

type Insert = (events: AcceptedEvent[]) => Promise<unknown> | unknown;

function openRaw(file: string): { insert: Insert; close(): void } {
	const database = new Database(file);
	database.pragma("journal_mode = WAL");
	database.pragma("synchronous = FULL");
	database.pragma("cache_size = -65536");
	database.exec(`CREATE TABLE events (seq INTEGER PRIMARY KEY, source TEXT, message_id TEXT, type TEXT, ts INTEGER,
		received_at INTEGER, user_id TEXT, anonymous_id TEXT, name TEXT, payload TEXT);
		CREATE UNIQUE INDEX message ON events (source, message_id); CREATE INDEX person ON events (user_id, ts)`);
	const put = database.prepare("INSERT INTO events VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
	const insert = database.transaction((events: AcceptedEvent[]) => {
		for (const { source, messageId, type, timestamp, receivedAt, claims, name, payload } of events) {
			const { userId = null, anonymousId = null } = claims;
			put.run(source, messageId, type, timestamp, receivedAt, userId, anonymousId, name ?? null, payload);
		}
	});
	return { insert, close: () => database.close() };
}

const seconds = async (work: () => Promise<unknown> | unknown) => {
	const start = performance.now();
	await work();
	return (performance.now() - start) / 1_000;
};

async function measure(name: string, workload: Workload): Promise<void> {
	const directory = mkdtempSync(join(tmpdir(), "selfsame-bench-"));
	const file = join(directory, "selfsame.db");
	const store = await openStore(`file:${file}`, { identity: defaultIdentityConfig });
	const raw = openRaw(join(directory, "raw.db"));
	try {
		let stored = 0;
		let firstRatio = 0;
		for (const size of sizes) {
			for (; stored < size - timed; stored += batch) {
				const events = workload(stored, stored + batch);
				await store.ingest(events);
				raw.insert(events);
			}
			const ratios: number[] = [];
			const rates: { ours: number; ceiling: number }[] = [];
			for (; stored < size; stored += batch) {
				const events = workload(stored, stored + batch);
				const ceiling = batch / (await seconds(() => raw.insert(events)));
				const ours = batch / (await seconds(() => store.ingest(events)));
				ratios.push(ours / ceiling);
				rates.push({ ours, ceiling });
			}
			const ratio = median(ratios);
			firstRatio ||= ratio;
			console.log(
				[
					name.padEnd(12),
					`${size.toLocaleString("en")} stored`.padEnd(18),
					`${Math.round(median(rates.map(({ ours }) => ours))).toLocaleString("en")} events/s`.padEnd(18),
					`ceiling ${Math.round(median(rates.map(({ ceiling }) => ceiling))).toLocaleString("en")}`.padEnd(18),
					`ratio ${ratio.toFixed(2)}`.padEnd(12),
					`fell ${(firstRatio / ratio).toFixed(2)} times`,
				].join(" "),
			);
		}
		console.log(`${"".padEnd(12)} ${Math.round(statSync(file).size / stored)} bytes a stored event`);
	} finally {
		raw.close();
		await store.close();
		rmSync(directory, { recursive: true, force: true });
	}
}

function median(numbers: number[]): number {
	const sorted = [...numbers].sort((a, b) => a - b);
	return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

for (const [name, workload] of Object.entries(workloads)) await measure(name, workload);
measureAdversarial(Number(process.env.SELFSAME_BENCH_ADVERSARIAL ?? 10_000), 60_000);
