import { randomUUID } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { cpuOf } from "./cpuOf.ts";
import { chunks, makeEvents, toBatch, type WireEvent } from "./events.ts";
import type { Load, LoadReport } from "./load.ts";
import { startBuilt } from "./startBuilt.ts";
import { putLoad, startChild } from "./startChild.ts";

/**
 * The built server under load, durable and with full identity, beside its ceilings from the same run:
 *
 * - batches of 100 against raw inserts of the same events into one plain table with two indexes, 1,000 a commit (WAL,
 *   synchronous FULL); at least 0.55;
 * - single events at 64 connections against a bare Hono server that reads the body and answers; at least 0.4;
 * - p99 at 32 connections against that bare server's plus one commit plus 25 ms.
 *
 * The load comes from raw sockets with prepared bytes, and the CPU time of either side is printed beside each figure: on two
 * cores the client's share is the server's loss.
 *
 * Each figure is the median over rounds in which both take turns. `SELFSAME_BENCH_ROUNDS` (5) says over how many.
 */
const rounds = Number(process.env.SELFSAME_BENCH_ROUNDS ?? 5);
const batchEvents = 20_000;
const singleEvents = 12_000;

const writeKey = `wk_${randomUUID()}`;
const secretKey = `sk_${randomUUID()}`;

const toRow = (event: WireEvent) => [
	event.messageId,
	event.type,
	Date.parse(event.timestamp),
	event.userId ?? null,
	event.anonymousId,
	event.event ?? event.name ?? null,
	JSON.stringify({ properties: event.properties, context: event.context, traits: event.traits }),
];

const loader = startChild("./load.ts");
const put = (load: Omit<Load, "authorization">) => putLoad(loader, load, writeKey);

const median = (numbers: number[]) => [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)] as number;
const p99 = ({ latencies }: LoadReport) => latencies[Math.floor(latencies.length * 0.99)] as number;
const row = (name: string, ours: string, ceiling: string, verdict: string) =>
	console.log(`${name.padEnd(34)} ${ours.padEnd(20)} ceiling ${ceiling.padEnd(18)} ${verdict}`);
const perEvent = (cpu: number, events: number) => `${Math.round((cpu / events) * 1e6)} us`;
const rate = (value: number) => `${Math.round(value).toLocaleString("en")} events/s`;

const directory = mkdtempSync(join(tmpdir(), "selfsame-bench-"));
const collector = await startBuilt(`file:${join(directory, "selfsame.db")}`, { writeKey, secretKey });
const bare = startChild("./bareServer.ts");
const { port } = (await new Promise((resolve) => bare.once("message", resolve))) as { port: number };
const bareUrl = `http://127.0.0.1:${port}/v1/track`;
const raw = startChild("../../../packages/store/bench/rawInserts.ts", [join(directory, "raw.db")]);
/** How long the plain table takes for the events, seconds. */
const insertRaw = async (events: WireEvent[]): Promise<number> => {
	raw.send(events.map(toRow));
	return new Promise((resolve) => raw.once("message", (seconds) => resolve(seconds as number)));
};
let sent = 0;
const take = (count: number) => {
	sent += count;
	return makeEvents(count);
};
/** The path of a single event says its type. */
const takeTracks = (count: number) =>
	take(count).map((event) => JSON.stringify({ ...event, type: "track", event: "Done" }));

try {
	// Both sides have compiled their hot paths before anything is timed.
	await put({ url: `${collector.url}/v1/batch`, connections: 8, bodies: chunks(take(10_000), 100).map(toBatch) });
	await put({
		url: `${collector.url}/v1/track`,
		connections: 64,
		bodies: takeTracks(2_000),
	});
	await put({ url: bareUrl, connections: 64, bodies: makeEvents(2_000).map((event) => JSON.stringify(event)) });
	await insertRaw(makeEvents(10_000));

	const lists = () => ({ ours: [] as number[], ceiling: [] as number[], ratio: [] as number[] });
	const batches = lists();
	const singles = lists();
	const cpu = { batchServer: 0, batchClient: 0, server: 0, client: 0, bareServer: 0, bareClient: 0 };
	const cpuDuring = async <T>(pid: number | undefined, work: () => Promise<T>): Promise<[T, number]> => {
		const before = cpuOf(pid as number);
		return [await work(), cpuOf(pid as number) - before];
	};
	const tails = { ours: [] as number[], bare: [] as number[], commit: [] as number[] };
	for (let round = 0; round < rounds; round++) {
		const events = take(batchEvents);
		const ceiling = batchEvents / (await insertRaw(events));
		const [{ seconds, cpu: made }, served] = await cpuDuring(collector.process.pid, () =>
			put({ url: `${collector.url}/v1/batch`, connections: 8, bodies: chunks(events, 100).map(toBatch) }),
		);
		cpu.batchServer += served;
		cpu.batchClient += made;
		batches.ours.push(batchEvents / seconds);
		batches.ceiling.push(ceiling);
		batches.ratio.push(batchEvents / seconds / ceiling);

		const bodies = takeTracks(singleEvents);
		const [single, spent] = await cpuDuring(collector.process.pid, () =>
			put({ url: `${collector.url}/v1/track`, connections: 64, bodies }),
		);
		const [read, bareSpent] = await cpuDuring(bare.pid, () => put({ url: bareUrl, connections: 64, bodies }));
		cpu.server += spent;
		cpu.client += single.cpu;
		cpu.bareServer += bareSpent;
		cpu.bareClient += read.cpu;
		singles.ours.push(singleEvents / single.seconds);
		singles.ceiling.push(singleEvents / read.seconds);
		singles.ratio.push(read.seconds / single.seconds);

		const few = takeTracks(singleEvents / 2);
		tails.ours.push(p99(await put({ url: `${collector.url}/v1/track`, connections: 32, bodies: few })));
		tails.bare.push(p99(await put({ url: bareUrl, connections: 32, bodies: few })));
		tails.commit.push((await insertRaw(makeEvents(1))) * 1_000);
	}

	const stats = (await fetch(`${collector.url}/v1/stats`, { headers: { authorization: `Bearer ${secretKey}` } }).then(
		(answer) => answer.json(),
	)) as { events: number };
	const memory = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${collector.process.pid}/status`, "utf8"))?.[1];
	const ratio = (list: number[]) => `ratio ${median(list).toFixed(2)}`;
	row(
		"batches of 100, 8 connections",
		rate(median(batches.ours)),
		rate(median(batches.ceiling)),
		`${ratio(batches.ratio)} (at least 0.55)`,
	);
	const sides = (server: number, client: number, events: number) =>
		`server ${perEvent(server, events)}, client ${perEvent(client, events)} an event`;
	console.log(`  CPU: ${sides(cpu.batchServer, cpu.batchClient, rounds * batchEvents)}`);
	row(
		"single events, 64 connections",
		rate(median(singles.ours)),
		rate(median(singles.ceiling)),
		`${ratio(singles.ratio)} (at least 0.40)`,
	);
	const total = rounds * singleEvents;
	console.log(`  CPU: ${sides(cpu.server, cpu.client, total)}; bare ${sides(cpu.bareServer, cpu.bareClient, total)}`);
	const bound = median(tails.bare) + median(tails.commit) + 25;
	row(
		"p99 of one event, 32 connections",
		`${median(tails.ours).toFixed(1)} ms`,
		`${bound.toFixed(1)} ms`,
		"bare p99 + a commit + 25 ms",
	);
	console.log(`${stats.events.toLocaleString("en")} events stored of ${sent.toLocaleString("en")} acknowledged`);
	console.log(`${Math.round(statSync(join(directory, "selfsame.db")).size / stats.events)} bytes a stored event`);
	console.log(`${Math.round(Number(memory) / 1_024)} MB resident`);
	if (stats.events !== sent) process.exitCode = 1;
} finally {
	for (const child of [loader, bare, raw, collector.process]) child.kill("SIGTERM");
	await new Promise((resolve) => collector.process.once("exit", resolve));
	rmSync(directory, { recursive: true, force: true });
}
