// Runs one client in a process of its own and reports to its parent. Arguments: name, sink, events.
import { monitorEventLoopDelay, performance } from "node:perf_hooks";
import { contenders, type Entry } from "./contenders.ts";

const [name, host, count] = [process.argv[2] as string, process.argv[3] as string, Number(process.argv[4])];
/** Calls between two turns of the loop: a server under load, not a loop that never yields. */
const BURST = 100;
/** What a bounded caller lets wait. */
const AHEAD = 20_000;
const WARM = 5_000;
/** The slow ones are stopped here and judged by what they managed. ms. */
const LONGEST = 10_000;

/** Thread CPU of the longest turn of the loop: a stall of the client's own, where the wall clock also counts what other
 * processes of the machine took. Node 24 and later. */
const cpuTime = (): number => {
	const { user, system } = (process as { threadCpuUsage?(): NodeJS.CpuUsage }).threadCpuUsage?.() ?? {
		user: 0,
		system: 0,
	};
	return (user + system) / 1_000;
};
let turnBegan = 0;
let longestTurn = 0;
const turn = () =>
	new Promise<void>((resolve) =>
		setImmediate(() => {
			const now = cpuTime();
			longestTurn = Math.max(longestTurn, now - turnBegan);
			turnBegan = now;
			resolve();
		}),
	);
const seen = async () => (await (await fetch(`${host}/seen`)).json()) as { events: number; bytes: number };
const client = await (contenders[name] as Entry).create(host);

/** Answers with the number of calls made. */
async function load(from: number, to: number, told?: Float64Array): Promise<number> {
	const end = performance.now() + LONGEST;
	for (let i = from; i < to; i++) {
		const before = performance.now();
		client.call(i);
		if (told) told[i - from] = performance.now() - before;
		if (i % BURST !== 0) continue;
		if (performance.now() > end) return i + 1 - from;
		await turn();
		while ((client.pending?.() ?? 0) > AHEAD) await turn();
	}
	return to - from;
}

await load(0, WARM);
for (let round = 0; round < 200 && (await seen()).events < WARM - 1_000; round++)
	await new Promise((r) => setTimeout(r, 20));
const start = await seen();
const calls = new Float64Array(count);
const delays = monitorEventLoopDelay({ resolution: 1 });
delays.enable();
const cpu = process.cpuUsage();
turnBegan = cpuTime();
longestTurn = 0;
const began = performance.now();
const called = await load(WARM, WARM + count, calls);
await client.flush();
let end = await seen();
// Some flushes resolve before what they promise.
for (let round = 0; round < 500 && end.events < WARM + called; round++) {
	await new Promise((resolve) => setTimeout(resolve, 10));
	end = await seen();
}
const seconds = (performance.now() - began) / 1_000;
const used = process.cpuUsage(cpu);
delays.disable();
const sorted = calls.subarray(0, called).sort();
const microseconds = (quantile: number) => (sorted[Math.floor(called * quantile)] as number) * 1_000;
const delivered = end.events - start.events;
process.send?.({
	rate: delivered / seconds,
	cpu: (used.user + used.system) / called,
	p50: microseconds(0.5),
	p99: microseconds(0.99),
	stall: delays.max / 1e6,
	longestTurn,
	peak: process.resourceUsage().maxRSS / 1_024,
	bytes: (end.bytes - start.bytes) / Math.max(1, delivered),
	lost: WARM + called - end.events,
});
process.exit(0);
