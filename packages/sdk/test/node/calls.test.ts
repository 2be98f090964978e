import { describe, expect, expectTypeOf, test } from "vitest";
import { createClient } from "../../src/node/index.ts";
import { createFakeClient, createFakeClock, type Sent, taken } from "./fakeRuntime.ts";

function createRecorder() {
	const sent: Sent[] = [];
	const client = createFakeClient({}, createFakeClock(), async (batch) => {
		sent.push(...batch);
		return taken(batch);
	});
	return { sent, client };
}

describe("what a call sends", () => {
	test("the shapes of @segment/analytics-node, as the collector takes them", async () => {
		const { sent, client } = createRecorder();
		client.identify({ userId: "u1", anonymousId: "a1", traits: { plan: "pro" } });
		client.track({ userId: "u1", event: "Order Completed", properties: { revenue: 9.5 } });
		client.page({ anonymousId: "a1", category: "Docs", name: "Home", properties: { url: "https://x.y/" } });
		client.screen({ userId: 7, name: "Cart" });
		client.group({ userId: "u1", groupId: "g1", traits: { seats: 3 } });
		client.alias({ userId: "u2", previousId: "u1" });
		await client.flush();
		const common = { context: { library: { name: "test", version: "0" } }, timestamp: "2026-01-01T00:00:00.000Z" };
		expect(sent).toMatchObject([
			{ ...common, type: "identify", userId: "u1", anonymousId: "a1", traits: { plan: "pro" } },
			{ ...common, type: "track", userId: "u1", event: "Order Completed", properties: { revenue: 9.5 } },
			{
				...common,
				type: "page",
				anonymousId: "a1",
				category: "Docs",
				name: "Home",
				properties: { url: "https://x.y/" },
			},
			{ ...common, type: "screen", userId: 7, name: "Cart" },
			{ ...common, type: "group", userId: "u1", groupId: "g1", traits: { seats: 3 } },
			{ ...common, type: "alias", userId: "u2", previousId: "u1" },
		]);
	});

	test("an author's time, context, integrations and messageId win", async () => {
		const { sent, client } = createRecorder();
		client.track({
			userId: "u",
			event: "E",
			timestamp: new Date("2020-02-02T02:02:02Z"),
			context: { ip: "1.2.3.4", library: { name: "mine" } },
			integrations: { All: true },
			messageId: 'my "id"',
		});
		await client.flush();
		expect(sent[0]).toEqual({
			messageId: 'my "id"',
			type: "track",
			userId: "u",
			event: "E",
			timestamp: "2020-02-02T02:02:02.000Z",
			originalTimestamp: "2026-01-01T00:00:00.000Z",
			context: { ip: "1.2.3.4", library: { name: "mine" } },
			integrations: { All: true },
		});
	});

	test("fields that are undefined or null are as good as left out", async () => {
		const { sent, client } = createRecorder();
		const nothing = { timestamp: null, context: null, messageId: null, properties: undefined } as never;
		client.track({ ...(nothing as object), userId: "u", anonymousId: null, event: "E" });
		await client.flush();
		expect(sent[0]).toMatchObject({ timestamp: "2026-01-01T00:00:00.000Z", context: { library: { name: "test" } } });
		expect(sent[0]?.messageId).toMatch(/^[\da-f-]{36}$/);
	});

	test("text of every kind survives", async () => {
		const { sent, client } = createRecorder();
		const properties = { ключ: "ü😀", control: "\u0000\n\u2028", lone: "\ud800" };
		client.track({ userId: "ü", event: '"quoted"\\', properties });
		await client.flush();
		expect(sent[0]).toMatchObject({ userId: "ü", event: '"quoted"\\', properties });
	});

	test("message ids are UUIDs of version 7 in the order of the calls, within a millisecond too", async () => {
		const { sent, client } = createRecorder();
		for (let i = 0; i < 10_000; i++) client.track({ userId: "u", event: "E" });
		await client.flush();
		const ids = sent.map((event) => event.messageId);
		expect(ids).toEqual([...ids].sort());
		expect(new Set(ids).size).toBe(10_000);
		for (const id of ids) expect(id).toMatch(/^[\da-f]{8}-[\da-f]{4}-7[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/);
	});
});

describe("a mistake throws a TypeError at the call", () => {
	const { client } = createRecorder();
	test.each<[string, () => unknown, RegExp]>([
		["no identity", () => client.track({ event: "E" }), /track: pass a userId or an anonymousId/],
		["an empty userId", () => client.track({ userId: "", event: "E" }), /pass a userId/],
		["no event", () => client.track({ userId: "u" } as never), /track: event must be a string/],
		["no argument", () => client.track(undefined as never), /track: pass one object/],
		["a positional call", () => client.track("Order Completed" as never), /track: pass one object/],
		["an object as userId", () => client.identify({ userId: {} } as never), /identify: userId must be/],
		["a number beyond 2^53", () => client.identify({ userId: 2 ** 60 }), /lost digits/],
		["NaN", () => client.identify({ userId: Number.NaN }), /userId must be/],
		["no groupId", () => client.group({ userId: "u" } as never), /group: pass a groupId/],
		["no previousId", () => client.alias({ userId: "u" } as never), /alias: pass a previousId/],
		["alias without userId", () => client.alias({ previousId: "u" }), /alias: pass a userId/],
		[
			"properties as text",
			() => client.track({ userId: "u", event: "E", properties: "x" } as never),
			/properties must be/,
		],
		["an array of traits", () => client.identify({ userId: "u", traits: [] as never }), /traits must be an object/],
		["an unreadable time", () => client.track({ userId: "u", event: "E", timestamp: "soon" }), /timestamp is no date/],
		["a long messageId", () => client.track({ userId: "u", event: "E", messageId: "x".repeat(257) }), /messageId/],
		["seconds", () => client.track({ userId: "u", event: "E", timestamp: 1_764_230_400 }), /ms \(not seconds\)/],
		["a day that is none", () => client.track({ userId: "u", event: "E", timestamp: "2026-02-30" }), /no date/],
	])("%s", (_name, run, message) => {
		expect(run).toThrow(TypeError);
		expect(run).toThrow(message);
		expect(client.size).toBe(0);
	});
});

describe("options", () => {
	test.each<[string, object, RegExp]>([
		["no key", {}, /writeKey is missing/],
		["no URL", { writeKey: "k", host: "events.example.com" }, /host must be an http/],
		["another scheme", { writeKey: "k", host: "ftp://x" }, /host must be an http/],
		["flushAt 0", { writeKey: "k", flushAt: 0 }, /flushAt must be a number from 1 to 2500/],
		["flushAt as text", { writeKey: "k", flushAt: "5" }, /flushAt/],
		["an unknown policy", { writeKey: "k", overflow: "block" }, /overflow must be/],
		["no timeout", { writeKey: "k", timeout: 0 }, /timeout must be/],
	])("%s is a TypeError", (_name, options, message) => {
		expect(() => createClient(options as never)).toThrow(TypeError);
		expect(() => createClient(options as never)).toThrow(message);
	});

	test("enabled: false checks calls and sends nothing", async () => {
		const client = createClient({ writeKey: "k", host: "http://127.0.0.1:1", enabled: false });
		expect(await client.track({ userId: "u", event: "E" })).toMatchObject({ status: "delivered" });
		expect(() => client.track({ event: "E" })).toThrow(TypeError);
		await client.close();
	});
});

test("an event map types names and properties", () => {
	interface Events {
		"Order Completed": { revenue: number };
		"Signed Out": undefined;
	}
	const client = createClient<Events>({ writeKey: "k", enabled: false });
	client.track({ userId: "u", event: "Order Completed", properties: { revenue: 1 } });
	client.track({ userId: "u", event: "Signed Out" });
	// @ts-expect-error: no such event
	client.track({ userId: "u", event: "Order Complete", properties: {} });
	// @ts-expect-error: the revenue is missing
	client.track({ userId: "u", event: "Order Completed", properties: {} });
	// @ts-expect-error: so are the properties
	client.track({ userId: "u", event: "Order Completed" });
	expectTypeOf(client.flush).returns.resolves.toEqualTypeOf<{ pending: number }>();
});
