import { randomUUID } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { defaultIdentityConfig } from "@selfsame/identity";
import type { AcceptedEvent, Filter, Predicate } from "@selfsame/protocol";
import { openStore } from "@selfsame/store";
import type { Load } from "./load.ts";
import type { Reads, ReadsReport } from "./loadReads.ts";
import { startBuilt } from "./startBuilt.ts";
import { putLoad, reportOf, startChild } from "./startChild.ts";

/**
 * The profile API of the built server over 100 thousand profiles and 1 million events, each figure beside its ceiling
 * from the same run:
 *
 * - a profile by identifier at 32 connections: p99 against a bare Hono server that answers the same bytes; at most 3 times
 * - the first page of events of somebody with 100,000 events against that of somebody with 100; as fast
 * - a search of one condition over all profiles against a scan of a flat table, joined before; at most 2 times. Each
 *   search asks for another value, so that none finds the answer of the one before; from the second on, what they ask of
 *   events is kept, but for the property that is another one each time
 * - ingest with 100 reads a second against ingest alone; at least 0.9
 *
 * `SELFSAME_BENCH_PROFILES` (100000) says over how many profiles.
 */
const people = Number(process.env.SELFSAME_BENCH_PROFILES ?? 100_000);
const eventsEach = 9;
const rounds = 5;
const dayMs = 86_400_000;

const writeKey = `wk_${randomUUID()}`;
const secretKey = `sk_${randomUUID()}`;
const bearer = `Bearer ${secretKey}`;
const start = Date.now() - 30 * dayMs;

let made = 0;
const event = (parts: Partial<AcceptedEvent> & Pick<AcceptedEvent, "type" | "claims">): AcceptedEvent => {
	made += 1;
	const timestamp = start + ((made * 2_591) % (29 * dayMs));
	const payload = `{"properties":{"price":${made % 90},"product":"A mug"},"context":{"locale":"en-GB"}}`;
	const whole = {
		source: "server",
		trust: "server" as const,
		messageId: `m-${made}`,
		timestamp,
		receivedAt: timestamp,
	};
	return { ...whole, payload, ...parts };
};

/** A visit of each: an anonymous page, a sign-in with traits, and what they looked at and bought. */
function* everybody(): Generator<AcceptedEvent> {
	for (let person = 0; person < people; person++) {
		const anonymousId = `a-${person}`;
		const claims = { anonymousId, userId: `u-${person}` };
		yield event({ type: "page", name: "Home", claims: { anonymousId } });
		const traits = {
			plan: ["free", "pro", "team"][person % 3] as string,
			age: 18 + (person % 60),
			city: `c${person % 500}`,
		};
		yield event({ type: "identify", claims, traits });
		for (let i = 2; i < eventsEach; i++) {
			yield event({ type: "track", name: (person + i) % 7 === 0 ? "Order Completed" : "Product Viewed", claims });
		}
	}
	for (let i = 0; i < 100_000; i++) yield event({ type: "track", name: "Ticked", claims: { userId: "busy" } });
	for (let i = 0; i < 100; i++) yield event({ type: "track", name: "Ticked", claims: { userId: "calm" } });
}

async function fill(url: string): Promise<void> {
	const store = await openStore(url, { identity: defaultIdentityConfig });
	let batch: AcceptedEvent[] = [];
	for (const one of everybody()) {
		if (batch.push(one) < 2_000) continue;
		await store.ingest(batch);
		batch = [];
	}
	await store.ingest(batch);
	await store.close();
}

const readers = startChild("./loadReads.ts");
function read(reads: Omit<Reads, "authorization">): Promise<ReadsReport> {
	readers.send({ ...reads, authorization: bearer } satisfies Reads);
	return reportOf(readers);
}

const writers = startChild("./load.ts");
const write = (load: Omit<Load, "authorization">) => putLoad(writers, load, writeKey);

const median = (numbers: number[]) => [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)] as number;
const at = (numbers: number[], part: number) => numbers[Math.floor(numbers.length * part)] as number;
const ms = (value: number) => `${value.toFixed(value < 10 ? 2 : 0)} ms`;
const row = (name: string, ours: number, ceiling: number, most: string) =>
	console.log(
		`${name.padEnd(52)} ${ms(ours).padStart(9)}   beside ${ms(ceiling).padStart(9)}   ratio ${(ours / ceiling).toFixed(2)} (${most})`,
	);

const directory = mkdtempSync(join(tmpdir(), "selfsame-bench-"));
const file = join(directory, "selfsame.db");
console.log(`Filling a workspace with ${people.toLocaleString("en")} people ...`);
await fill(`file:${file}`);
const collector = await startBuilt(`file:${file}`, { writeKey, secretKey });
const bare = startChild("./bareServer.ts");
const { port } = (await new Promise((resolve) => bare.once("message", resolve))) as { port: number };
const refs = Array.from({ length: 20_000 }, (_, i) => `user_id:u-${(i * 7_919) % people}`);
const profileUrls = refs.map((ref) => ({ url: `${collector.url}/v1/profiles/${ref}` }));

/** The same bytes from a server that does nothing else. */
async function compareProfiles(): Promise<void> {
	const { answer } = await read({ questions: profileUrls, connections: 32, count: 5_000 });
	const echo = [{ url: `http://127.0.0.1:${port}/answer` }];
	await fetch(echo[0]?.url as string, { method: "PUT", body: answer });
	await read({ questions: echo, connections: 32, count: 5_000 });
	const tails = { ours: [] as number[], bare: [] as number[] };
	for (let round = 0; round < rounds; round++) {
		const questions = profileUrls.slice(round * 2_000);
		tails.ours.push(at((await read({ questions, connections: 32, count: 5_000 })).latencies, 0.99));
		tails.bare.push(at((await read({ questions: echo, connections: 32, count: 5_000 })).latencies, 0.99));
	}
	row("a profile by identifier, 32 connections, p99", median(tails.ours), median(tails.bare), "at most 3");
}

async function compareEventPages(): Promise<void> {
	const page = (user: string) => [{ url: `${collector.url}/v1/profiles/user_id:${user}/events` }];
	const halves = { busy: [] as number[], calm: [] as number[] };
	for (let round = 0; round < rounds + 1; round++) {
		for (const user of ["busy", "calm"] as const) {
			const { latencies } = await read({ questions: page(user), connections: 1, count: 200 });
			if (round > 0) halves[user].push(at(latencies, 0.5));
		}
	}
	row("the first event page of 100,000, beside that of 100", median(halves.busy), median(halves.calm), "about 1");
}

/** A search each time with another value, so that none finds ready what the one before looked for. */
async function compareSearches(): Promise<void> {
	const flat = startChild("../../../packages/store/bench/scanFlatTables.ts", [file, join(directory, "flat.db")]);
	const ceilings = await reportOf<Record<string, number>>(flat);
	const did = "Order Completed";
	const searches: Record<string, [name: string, filterOf: (nth: number) => Filter]> = {
		trait: ["a trait nobody has so", (nth) => ({ trait: "plan", eq: `enterprise ${nth}` })],
		did: ["an event more often than anybody", (nth) => ({ did, count: { gte: 30 + nth } })],
		property: ["an event with a property that half have", (nth) => ({ did, where: above(45 + nth / 10) })],
		nobodysProperty: ["the same with one that nobody has", (nth) => ({ did, where: above(1_000 + nth) })],
		fewHave: ["the same with one that 5 % have", (nth) => ({ did, where: above(85 + nth / 10) })],
		newProperty: [
			"a property that nobody asked for yet",
			(nth) => ({ did, where: { prop: `coupon ${nth}`, exists: true } }),
		],
		sum: ["the sum of a property over 1,000", (nth) => ({ did, agg: "sum", of: "price", value: { gt: 1_000 + nth } })],
		sequence: [
			"one event after another",
			(nth) => ({ sequence: [{ did: "Product Viewed" }, { did, within: `${3_600 + nth}s` }] }),
		],
	};
	for (const [scan, [name, filterOf]] of Object.entries(searches)) {
		const questions = Array.from({ length: 9 }, (_, index) => ({
			url: `${collector.url}/v1/profiles/search`,
			method: "POST" as const,
			body: JSON.stringify({ filter: filterOf(index), limit: 50 }),
		}));
		await read({ questions: questions.slice(0, 2), connections: 1, count: 2 });
		const { latencies } = await read({ questions: questions.slice(2), connections: 1, count: 7 });
		row(`search all: ${name}`, at(latencies, 0.5), ceilings[scan] as number, "at most 2");
	}
}

const above = (price: number): Predicate => ({ prop: "price", gt: price });

async function compareIngest(): Promise<void> {
	const bodies = (round: string) =>
		Array.from({ length: 200 }, (_, batch) =>
			JSON.stringify({
				batch: Array.from({ length: 100 }, (_, i) => ({
					...{ type: "track", event: "Seen", messageId: `${round}-${batch}-${i}`, anonymousId: `n-${batch}` },
					properties: { price: i },
				})),
			}),
		);
	const rates = { alone: [] as number[], beside: [] as number[], ratio: [] as number[] };
	const url = `${collector.url}/v1/batch`;
	await write({ url, connections: 8, bodies: bodies("warm") });
	for (let round = 0; round < rounds; round++) {
		const alone = await write({ url, connections: 8, bodies: bodies(`alone-${round}`) });
		const reading = read({ questions: profileUrls, connections: 8, perSecond: 100 });
		const beside = await write({ url, connections: 8, bodies: bodies(`beside-${round}`) });
		readers.send("stop");
		await reading;
		rates.alone.push(20_000 / alone.seconds);
		rates.beside.push(20_000 / beside.seconds);
		rates.ratio.push(alone.seconds / beside.seconds);
	}
	const rate = (list: number[]) => `${Math.round(median(list)).toLocaleString("en")} events/s`;
	console.log(
		`${"ingest beside 100 reads a second".padEnd(52)} ${rate(rates.beside)}   beside ${rate(rates.alone)}   ratio ${median(rates.ratio).toFixed(2)} (at least 0.9)`,
	);
}

try {
	await compareProfiles();
	await compareEventPages();
	await compareSearches();
	await compareIngest();
} finally {
	for (const process of [readers, writers, bare, collector.process]) process.kill("SIGTERM");
	await new Promise((resolve) => collector.process.once("exit", resolve));
	rmSync(directory, { recursive: true, force: true });
}
