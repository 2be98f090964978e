import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { builtEntry } from "../support/builtEntry.ts";
import { type RunningCollector, startCollector } from "../support/startCollector.ts";
import { startFaultProxy } from "../support/startFaultProxy.ts";
import { createBuiltClient } from "./builtClient.ts";
import { findRuntimes } from "./findRuntimes.ts";
import { runClient } from "./runClient.ts";

const scale = Number(process.env.SELFSAME_TEST_SCALE ?? 1);
const COUNT = 10_000;
let collector: RunningCollector;

beforeAll(async () => {
	builtEntry("packages/sdk/dist/node/index.js");
	collector = await startCollector();
});
afterAll(() => collector?.close());

/** How many events each of the seven people of a run has, and what the collector had to call a duplicate. */
async function counts(prefix: string): Promise<number[]> {
	const people = Array.from({ length: 7 }, (_, i) => collector.profiles.find(`user_id:${prefix}-${i}`));
	return (await Promise.all(people)).map((profile) => profile?.eventCount ?? 0);
}
const expected = (count: number) => Array.from({ length: 7 }, (_, i) => Math.ceil((count - i) / 7));
const target = () => ({ host: collector.url, writeKey: collector.writeKey, count: COUNT });

describe.each(findRuntimes())("$name", ({ name, command, args }) => {
	const slug = name.replaceAll(/\W/g, "");

	test("a script that just ends delivers everything, once", async () => {
		const run = runClient(command, args, "fill.mjs", { ...target(), prefix: `script-${slug}` });
		expect(await run.ended).toEqual({ code: 0, signal: null });
		expect(run.errors()).toBe("");
		expect(await counts(`script-${slug}`)).toEqual(expected(COUNT));
	});

	test("SIGTERM with a full queue loses nothing", async () => {
		const run = runClient(command, args, "fill.mjs", { ...target(), prefix: `term-${slug}`, end: "wait" });
		await run.called;
		run.kill("SIGTERM");
		await run.ended;
		expect(run.errors()).toBe("");
		expect(await counts(`term-${slug}`)).toEqual(expected(COUNT));
	});

	test("CommonJS", async () => {
		const run = runClient(command, args, "fill.cjs", { ...target(), count: 100, prefix: `cjs-${slug}` });
		expect(await run.ended).toEqual({ code: 0, signal: null });
		expect(await counts(`cjs-${slug}`)).toEqual(expected(100));
	});

	test("kill -9 with a spool: the next process delivers what this one called", async () => {
		const spool = await mkdtemp(join(tmpdir(), "selfsame-spool-"));
		const prefix = `spool-${slug}`;
		const first = runClient(command, args, "fill.mjs", {
			...target(),
			host: "http://127.0.0.1:1",
			prefix,
			spool,
			end: "wait",
		});
		await first.called;
		first.kill("SIGKILL");
		await first.ended;
		const second = runClient(command, args, "fill.mjs", { ...target(), count: 0, prefix, spool, end: "close" });
		expect(await second.ended).toEqual({ code: 0, signal: null });
		expect(second.errors()).toBe("");
		expect(await counts(prefix)).toEqual(expected(COUNT));
		expect(await readdir(spool)).toEqual([]);
		await rm(spool, { recursive: true });
	});
});

describe("the real collector", () => {
	// 30 s is for the runs at scale.
	test.each(scale > 1 ? [5, 30] : [5])("down for %i s: 10,000 of 10,000, no double", async (seconds) => {
		const before = await collector.profiles.stats();
		const prefix = `down-${seconds}`;
		const run = runClient(process.execPath, [], "fill.mjs", { ...target(), prefix, end: "close" });
		await run.called;
		await collector.kill();
		await pause(1_000 * seconds);
		await collector.restart();
		expect(await run.ended).toEqual({ code: 0, signal: null });
		expect(await counts(prefix)).toEqual(expected(COUNT));
		expect((await collector.profiles.stats()).events).toBe((before.events as number) + COUNT);
	});

	test.each(scale > 1 ? [5, 30] : [2])(
		"closing inside an outage of %i s with a spool: the next process delivers, no double",
		async (seconds) => {
			const spool = await mkdtemp(join(tmpdir(), "selfsame-spool-"));
			const prefix = `closing-${seconds}`;
			const before = await collector.profiles.stats();
			await collector.kill();
			const down = pause(1_000 * seconds);
			const options = { ...target(), prefix, spool, end: "close" };
			const first = runClient(process.execPath, [], "fill.mjs", { ...options, closeTimeout: 500 * seconds });
			expect(await first.ended).toEqual({ code: 0, signal: null });
			await down;
			await collector.restart();
			expect(await collector.profiles.find(`user_id:${prefix}-0`)).toBeNull();
			const second = runClient(process.execPath, [], "fill.mjs", { ...options, count: 0 });
			expect(await second.ended).toEqual({ code: 0, signal: null });
			// The warning about the outage, which the script prints once more, and no other.
			const told = first.errors().match(/\w*(?:Warning|Error): .{30}/g);
			expect(new Set(told)).toEqual(new Set(["SelfsameWarning: selfsame: the collector cannot"]));
			expect(second.errors()).toBe("");
			expect(await counts(prefix)).toEqual(expected(COUNT));
			expect((await collector.profiles.stats()).events).toBe((before.events as number) + COUNT);
			expect(await readdir(spool)).toEqual([]);
			await rm(spool, { recursive: true });
		},
	);

	test("429, 503 and answers that get lost: 10,000 of 10,000, no double", async () => {
		const proxy = await startFaultProxy(collector.url);
		proxy.faults.push(
			{ status: 429, retryAfter: 1, mode: "refuse" },
			{ status: 503, mode: "lose" },
			{ status: 503, mode: "refuse" },
			{ status: 429, mode: "lose" },
		);
		const before = await collector.profiles.stats();
		const run = runClient(process.execPath, [], "fill.mjs", {
			...target(),
			host: proxy.url,
			prefix: "faults",
			end: "close",
		});
		expect(await run.ended).toEqual({ code: 0, signal: null });
		expect(proxy.faults).toEqual([]);
		expect(await counts("faults")).toEqual(expected(COUNT));
		const after = await collector.profiles.stats();
		expect(after.events).toBe((before.events as number) + COUNT);
		await proxy.close();
	});

	test("what the browser did before comes along when the server identifies its visitor", async () => {
		const client = await createBuiltClient("node", { host: collector.url, writeKey: collector.writeKey });
		client.page({ anonymousId: "visitor-7", name: "Home" });
		const visitor = client.fromRequest({
			method: "POST",
			url: "/sign-up",
			headers: { cookie: "selfsame_id=visitor-7" },
		});
		visitor.run(() => client.identify({ userId: "signed-up", traits: { plan: "pro" } }));
		expect(await client.close()).toEqual({ pending: 0 });
		const profile = await collector.profiles.find("user_id:signed-up");
		expect(profile).toMatchObject({ eventCount: 2, traits: { plan: "pro" } });
		expect(await collector.profiles.find("anonymous_id:visitor-7")).toMatchObject({ id: profile?.id });
	});

	test("an event it rejects is dropped with its code, its neighbours are delivered", async () => {
		const client = await createBuiltClient("node", { host: collector.url, writeKey: collector.writeKey });
		const deep = JSON.parse(`${'{"a":'.repeat(150)}1${"}".repeat(150)}`) as object;
		const [good, bad] = await Promise.all([
			client.track({ userId: "rejected", event: "Good" }),
			client.track({ userId: "rejected", event: "Bad", properties: deep }),
		]);
		expect(good).toMatchObject({ status: "delivered" });
		expect(bad).toMatchObject({ status: "dropped", reason: "event_too_deep" });
		await client.close();
	});
});
