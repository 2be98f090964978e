import type { ChildProcess } from "node:child_process";
import { randomUUID } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startPostgres } from "../../../scripts/postgres.mjs";
import { chunks, makeEvents, toBatch, type WireEvent } from "./events.ts";
import { type Built, startBuilt } from "./startBuilt.ts";
import { putLoad, startChild } from "./startChild.ts";

/**
 * One, two and four built collectors on one PostgreSQL that syncs every commit, with full identity, beside `COPY` of the
 * same rows into a table with the columns and indexes of `events` and the payload, 1,000 a commit; and one collector on a
 * SQLite file with the same events. At least 0.25 of `COPY` for one collector, and 0.9 of one for more of them.
 *
 * Each figure is the median over rounds in which all take turns. `SELFSAME_BENCH_ROUNDS` (5) says over how many.
 * `TEST_DATABASE_URL` names a server of one's own, in which a schema is made and dropped.
 */
const rounds = Number(process.env.SELFSAME_BENCH_ROUNDS ?? 5);
const eventsARound = 20_000;
/** Over all collectors. */
const connections = 16;

const writeKey = `wk_${randomUUID()}`;
const secretKey = `sk_${randomUUID()}`;

const own = process.env.TEST_DATABASE_URL ? null : await startPostgres({ isDurable: true });
const server = process.env.TEST_DATABASE_URL ?? (own?.url as string);
const schema = `bench_${randomUUID().slice(0, 8)}`;
const url = new URL(server);
url.searchParams.set("schema", schema);
const directory = mkdtempSync(join(tmpdir(), "selfsame-bench-"));

const loaders = Array.from({ length: 4 }, () => startChild("./load.ts"));

/** Events a second of several collectors that share the batches. */
async function load(collectors: readonly Built[], events: WireEvent[]): Promise<number> {
	const batches = chunks(events, 100).map(toBatch);
	const start = performance.now();
	await Promise.all(
		collectors.map((collector, index) =>
			putLoad(
				loaders[index] as ChildProcess,
				{
					url: `${collector.url}/v1/batch`,
					connections: connections / collectors.length,
					bodies: batches.filter((_, batch) => batch % collectors.length === index),
				},
				writeKey,
			),
		),
	);
	return (events.length / (performance.now() - start)) * 1_000;
}

/** What `copyRows.ts` in the store's room does; it is started once the tables are there. */
type CopyCall = { do: "copy"; commits: string[] } | { do: "count" } | { do: "drop" };
let copier: ChildProcess | undefined;
const ask = (call: CopyCall): Promise<number> => {
	copier ??= startChild("../../../packages/store/bench/copyRows.ts", [server, schema]);
	copier.send(call);
	return new Promise((resolve) => copier?.once("message", (answer) => resolve(answer as number)));
};
let copied = 0;
const cell = (value: string | number | null) =>
	value === null ? "\\N" : String(value).replaceAll("\\", "\\\\").replaceAll("\t", "\\t").replaceAll("\n", "\\n");
/** The columns of `events`, and the payload. */
function toLine(event: WireEvent): string {
	copied += 1;
	const ts = Date.parse(event.timestamp);
	const payload = JSON.stringify({ properties: event.properties, context: event.context });
	const row = [copied, "server", event.messageId, 0, 1, ts, ts, copied % 10_000, null];
	return `${[...row, event.event ?? event.name ?? null, null, 1, payload].map(cell).join("\t")}\n`;
}
/** Events a second of `COPY`. */
async function copy(events: WireEvent[]): Promise<number> {
	const commits = chunks(events, 1_000).map((some) => some.map(toLine).join(""));
	return events.length / (await ask({ do: "copy", commits }));
}

const median = (numbers: number[]) => [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)] as number;
const rate = (numbers: number[]) => `${Math.round(median(numbers)).toLocaleString("en")} events/s`;
const row = (name: string, figure: string, verdict: string) =>
	console.log(`${name.padEnd(34)} ${figure.padEnd(20)} ${verdict}`);

const collectors: Built[] = [];
try {
	for (let count = 0; count < 4; count++) collectors.push(await startBuilt(url.href, { writeKey, secretKey }));
	const sqlite = await startBuilt(`file:${join(directory, "selfsame.db")}`, { writeKey, secretKey });
	collectors.push(sqlite);

	const figures = { copy: [] as number[], one: [] as number[], two: [] as number[], four: [] as number[] };
	const onFile: number[] = [];
	let sent = 0;
	const take = () => {
		sent += eventsARound;
		return makeEvents(eventsARound);
	};
	/** The first round only compiles. */
	for (let round = -1; round < rounds; round++) {
		const results = {
			copy: await copy(makeEvents(eventsARound)),
			one: await load(collectors.slice(0, 1), take()),
			two: await load(collectors.slice(0, 2), take()),
			four: await load(collectors.slice(0, 4), take()),
		};
		const file = await load([sqlite], makeEvents(eventsARound));
		if (round < 0) continue;
		onFile.push(file);
		for (const name of ["copy", "one", "two", "four"] as const) figures[name].push(results[name]);
	}

	const ratio = (a: number[], b: number[]) => median(a.map((value, index) => value / (b[index] as number))).toFixed(2);
	row("COPY, 1,000 rows a commit", rate(figures.copy), "the ceiling");
	row("1 collector", rate(figures.one), `${ratio(figures.one, figures.copy)} of COPY (at least 0.25)`);
	row("2 collectors", rate(figures.two), `${ratio(figures.two, figures.one)} of one (at least 0.90)`);
	row("4 collectors", rate(figures.four), `${ratio(figures.four, figures.one)} of one (at least 0.90)`);
	row("1 collector, SQLite", rate(onFile), `PostgreSQL has ${ratio(figures.one, onFile)} of it`);
	const stored = await ask({ do: "count" });
	console.log(`${stored.toLocaleString("en")} events stored of ${sent.toLocaleString("en")} acknowledged`);
	if (stored !== sent) process.exitCode = 1;
} finally {
	for (const child of [...loaders, ...collectors.map((collector) => collector.process)]) child.kill("SIGTERM");
	await Promise.all(
		collectors.map(({ process: child }) => child.exitCode ?? new Promise((resolve) => child.once("exit", resolve))),
	);
	await ask({ do: "drop" });
	await own?.stop();
	rmSync(directory, { recursive: true, force: true });
}
