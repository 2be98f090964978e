/**
 * The Node client beside a bare batching loop and four others, each in a process of its own against a sink that counts.
 * `SELFSAME_BENCH_EVENTS` (default 100,000) sets the length of a run, `SELFSAME_BENCH_ROUNDS` (default 5) how often the
 * bare loop and the client take turns: machines are noisy, so the figures are medians, and "of ceiling" is the median of
 * what the two did one right after the other. The others run once.
 */
import { type ChildProcess, execFileSync, fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { CEILING, contenders, type Entry } from "./contenders.ts";
import { installedSize, sizeOf } from "./installedSize.ts";

interface Measured {
	rate: number;
	cpu: number;
	p50: number;
	p99: number;
	/** Of the wall clock, and of the CPU. ms. */
	stall: number;
	longestTurn: number;
	peak: number;
	bytes: number;
	lost: number;
}

const EVENTS = Number(process.env.SELFSAME_BENCH_EVENTS ?? 100_000);
const ROUNDS = Number(process.env.SELFSAME_BENCH_ROUNDS ?? 5);
const OWN = "selfsame";
const here = import.meta.dirname;

async function startSink(latency: number): Promise<{ host: string; child: ChildProcess }> {
	const child = fork(join(here, "sink.ts"), [String(latency)]);
	const [port] = await once(child, "message");
	return { host: `http://127.0.0.1:${port}`, child };
}

async function run<T>(script: string, ...args: string[]): Promise<T> {
	const child = fork(join(here, script), args, { stdio: ["ignore", "ignore", "inherit", "ipc"] });
	const ended = once(child, "close").then(() => {
		throw new Error(`${script} ${args.join(" ")} ended without a result`);
	});
	const [result] = await Promise.race([once(child, "message"), ended]);
	ended.catch(() => {});
	return result as T;
}

/** Median ms of importing a module in a fresh process. */
function importTime(module: string): number {
	if (!module) return 0;
	const target = module.startsWith(".") ? pathToFileURL(join(here, module)).href : module;
	const code = `const t = performance.now(); await import(${JSON.stringify(target)}); console.log(performance.now() - t)`;
	const times = Array.from({ length: 7 }, () =>
		Number(execFileSync(process.execPath, ["--input-type=module", "-e", code], { cwd: here, encoding: "utf8" })),
	);
	return times.sort((a, b) => a - b)[3] as number;
}

function installed({ module }: Entry): string {
	if (!module) return "";
	const own = join(here, "../..");
	const { bytes, packages } = module.startsWith(".")
		? { bytes: sizeOf(join(own, "dist")), packages: 1 }
		: installedSize(module, own);
	return `${(bytes / 1e6).toFixed(1)} MB, ${packages - 1} dependencies`;
}

function print(title: string, rows: Record<string, string>[]): void {
	console.log(`\n${title}`);
	const columns = Object.keys(rows[0] ?? {});
	const width = (column: string) => Math.max(column.length, ...rows.map((row) => (row[column] ?? "").length));
	const line = (cells: (column: string) => string) =>
		console.log(
			columns
				.map((column, i) => (i ? cells(column).padStart(width(column)) : cells(column).padEnd(width(column))))
				.join("  "),
		);
	line((column) => column);
	for (const row of rows) line((column) => row[column] ?? "");
}

async function measure(name: string, latency: number): Promise<Measured> {
	const sink = await startSink(latency);
	const result = await run<Measured>("measure.ts", name, sink.host, String(EVENTS));
	sink.child.kill();
	return result;
}

const median = (values: number[]) => values.toSorted((a, b) => a - b)[values.length >> 1] as number;
const medianOf = (rounds: Measured[], of: (round: Measured) => number) => median(rounds.map(of));

for (const latency of [0, 50]) {
	const ceilings: Measured[] = [];
	const own: Measured[] = [];
	for (let round = 0; round < ROUNDS; round++) {
		// Whoever comes second finds a warmer machine, so they also take turns in that.
		for (const name of round % 2 === 0 ? [CEILING, OWN] : [OWN, CEILING]) {
			(name === OWN ? own : ceilings).push(await measure(name, latency));
		}
	}
	const rows: Record<string, string>[] = [];
	for (const name of Object.keys(contenders)) {
		const rounds = name === CEILING ? ceilings : name === OWN ? own : [await measure(name, latency)];
		const ratio = (of: (round: Measured) => number) =>
			median(
				rounds.map((round, i) => of(round) / (rounds === own ? of(ceilings[i] as Measured) : medianOf(ceilings, of))),
			);
		rows.push({
			client: name,
			"events/s": Math.round(medianOf(rounds, ({ rate }) => rate)).toLocaleString("en"),
			"of ceiling": ratio(({ rate }) => rate).toFixed(2),
			"CPU µs/event": medianOf(rounds, ({ cpu }) => cpu).toFixed(1),
			"track() p50 µs": medianOf(rounds, ({ p50 }) => p50).toFixed(1),
			"p99 µs": medianOf(rounds, ({ p99 }) => p99).toFixed(1),
			"p99 of ceiling": ratio(({ p99 }) => p99).toFixed(2),
			"longest stall ms": medianOf(rounds, ({ stall }) => stall).toFixed(1),
			"of CPU": medianOf(rounds, (round) => round.longestTurn).toFixed(1),
			"peak MB": medianOf(rounds, ({ peak }) => peak).toFixed(0),
			"bytes/event": medianOf(rounds, ({ bytes }) => bytes).toFixed(0),
			"not arrived": String(Math.max(...rounds.map(({ lost }) => lost))),
		});
	}
	const events = EVENTS.toLocaleString("en");
	print(`${events} events, sink answers after ${latency} ms (ceiling: ${CEILING}; medians of ${ROUNDS} rounds)`, rows);
}

const depths = await run<{ depth: string; p99: number }[]>("depth.ts", "http://127.0.0.1:1");
print(
	"track() p99 by the depth of the queue, collector down (at 200,000 every call drops the oldest)",
	depths.map(({ depth, p99 }) => ({ depth, "p99 µs": p99.toFixed(1) })),
);

print(
	"what it costs to have it",
	Object.entries(contenders)
		.filter(([name]) => name !== CEILING)
		.map(([client, entry]) => ({
			client,
			"import ms": importTime(entry.module).toFixed(1),
			installed: installed(entry),
		})),
);
