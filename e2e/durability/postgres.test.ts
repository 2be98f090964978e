import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type RunningPostgres, startPostgres } from "../../scripts/postgres.mjs";
import { createRandom, testScale } from "../support/random.ts";
import { type RunningCollector, startCollector } from "../support/startCollector.ts";
import { createWriter, type Writer } from "./createWriter.ts";
import { expectAcknowledged, expectExactly } from "./expectStored.ts";

/** How often each fault comes. */
const rounds = Math.ceil(testScale());
const writersEach = 3;

let server: RunningPostgres;
/** Both on the one database. */
let collectors: RunningCollector[] = [];
beforeAll(async () => {
	server = await startPostgres({ isDurable: true });
	const start = () => startCollector({ env: { DATABASE_URL: server.url } });
	collectors = await Promise.all([start(), start()]);
});
afterAll(async () => {
	for (const collector of collectors) await collector.close();
	await server?.stop();
});

const random = createRandom("postgres faults");
const first = () => collectors[0] as RunningCollector;
/** Everybody who ever sent something. */
const all: Writer[] = [];

const ask = (path: string, collector = first()) =>
	fetch(collector.url + path, { headers: { authorization: `Bearer ${collector.secretKey}` } });
const statusOf = async (path: string, collector = first()) => (await ask(path, collector)).status;
const areReady = async () =>
	(await Promise.all(collectors.map((one) => statusOf("/ready", one)))).every((s) => s === 200);

/** Loads both collectors, does something to the database, and expects that they recover and that nothing is lost or doubled. */
async function underLoad(name: string, fault: () => Promise<void>): Promise<Writer[]> {
	const load = collectors.flatMap((collector, at) =>
		Array.from({ length: writersEach }, (_, index) => createWriter(collector, random, `${name}-${at}-${index}`)),
	);
	all.push(...load);
	const running = load.map((writer) => writer.run());
	await sleep(random.between(100, 600));
	await fault();
	await expect.poll(areReady).toBe(true);
	await sleep(200);
	for (const writer of load) writer.stop();
	// Whatever is answered but 200, 429 and 503 is an error here.
	await Promise.all(running);
	await expectAcknowledged(first(), load, `after ${name}`);
	for (const writer of load) await writer.resend();
	await expectExactly(first(), all);
	expect(
		load.reduce((sum, writer) => sum + writer.cutOff(), 0),
		"the collectors themselves stay",
	).toBe(0);
	return load;
}

const refusals = (load: readonly Writer[]) => load.reduce((sum, writer) => sum + writer.refused(), 0);

describe.each(Array.from({ length: rounds }, (_, round) => [round + 1]))("PostgreSQL, round %i,", (round) => {
	test("killed with kill -9 and started again: 503 meanwhile, nothing acknowledged lost or doubled", async () => {
		const load = await underLoad(`crash-${round}`, async () => {
			await server.crash();
			await expect.poll(() => statusOf("/ready")).toBe(503);
			expect(await statusOf("/health")).toBe(200);
			expect(await statusOf(`/v1/profiles/user_id:crash-${round}-0-0`)).toBe(503);
			await server.start();
		});
		expect(refusals(load), "no request met the fault").toBeGreaterThan(0);
	});

	test("shut down and started again", async () => {
		const load = await underLoad(`restart-${round}`, async () => {
			await server.shutDown();
			await expect.poll(() => statusOf("/ready")).toBe(503);
			await server.start();
		});
		expect(refusals(load), "no request met the fault").toBeGreaterThan(0);
	});

	test("that cuts connections again and again", async () => {
		let cut = 0;
		await underLoad(`cut-${round}`, async () => {
			for (let times = 0; times < 40; times += 1) {
				const sql = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'selfsame'";
				cut += (await server.query(sql)).length;
				await sleep(random.between(0, 40));
			}
		});
		expect(cut).toBeGreaterThan(20);
	});

	test("whose tables are locked, so that statements take too long and connections run out", async () => {
		const url = `${server.url}?pool_size=2&connect_timeout=1&statement_timeout=500`;
		const hasty = await startCollector({ env: { DATABASE_URL: url } });
		collectors.push(hasty);
		try {
			const load = await underLoad(`lock-${round}`, async () => {
				const release = await server.hold("LOCK TABLE events");
				await expect.poll(() => statusOf("/ready", hasty)).toBe(200);
				// More than there are connections; each is told to come again.
				const paths = Array.from({ length: 8 }, (_, at) => `/v1/profiles/user_id:lock-${round}-${at % 2}-0/events`);
				const answers = await Promise.all(paths.map((path) => ask(path, hasty)));
				for (const { status, headers } of answers) {
					expect(status).toBe(503);
					expect(headers.get("retry-after")).toMatch(/^\d+$/);
				}
				await release();
			});
			expect(refusals(load.slice(-writersEach)), "no request met the fault").toBeGreaterThan(0);
		} finally {
			collectors = collectors.filter((one) => one !== hasty);
			await hasty.close();
		}
	});
});
