import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { limits } from "../src/index.ts";
import { parseEvents, parseOne, parseRejected, parseText, receivedAt } from "./parse.ts";

const iso = (ms: number) => new Date(ms).toISOString();
const track = { type: "track", event: "Order Completed", userId: "u1", messageId: "m1" };

describe("an accepted event", () => {
	it("has its core apart from its payload, and keeps every field it does not know", () => {
		const { warnings, ...event } = parseOne({
			...track,
			anonymousId: "a1",
			timestamp: iso(receivedAt - 1_000),
			properties: { revenue: 9.5 },
			context: { library: { name: "x" } },
			integrations: { All: true },
			category: "Docs",
			channel: "web",
			_metadata: { bundled: [] },
			writeKey: "secret",
			identityToken: "proof",
			traits: { email: "a@b.co" },
		});
		expect(warnings).toEqual([]);
		expect(event).toEqual({
			source: "web",
			trust: "client",
			proven: false,
			messageId: "m1",
			type: "track",
			timestamp: receivedAt - 1_000,
			receivedAt,
			name: "Order Completed",
			claims: { userId: "u1", anonymousId: "a1", emails: ["a@b.co"] },
			payload: {
				properties: { revenue: 9.5 },
				context: { library: { name: "x" } },
				integrations: { All: true },
				category: "Docs",
				channel: "web",
				_metadata: { bundled: [] },
				traits: { email: "a@b.co" },
			},
		});
	});

	it("writes the traits of identify, else those of its context", () => {
		const context = { traits: { email: "context@b.co", plan: "free" } };
		const both = parseOne({ type: "identify", userId: "u1", traits: { email: "own@b.co" }, context });
		expect(both.traits).toEqual({ email: "own@b.co" });
		expect(both.payload).toEqual({ context });
		expect(both.claims.emails).toEqual(["own@b.co", "context@b.co"]);
		expect(parseOne({ type: "identify", userId: "u1", context }).traits).toEqual(context.traits);
	});

	it("takes no email of a group for a person's", () => {
		const traits = { email: "office@acme.co" };
		const event = parseOne({ type: "group", userId: "u1", groupId: "g1", traits, context: { traits } });
		expect(event.claims).toEqual({ userId: "u1", groupId: "g1" });
		expect(event.traits).toEqual(traits);
	});

	it("keeps ids as they were sent: normalising and blocking come later", () => {
		const { claims } = parseOne({ type: "alias", userId: 42, previousId: " 'x' ", anonymousId: "" });
		expect(claims).toEqual({ userId: 42, previousId: " 'x' ", anonymousId: "" });
	});

	it("reads external ids, and passes by what is none", () => {
		const externalIds = [
			{ type: "shopify_id", id: 7 },
			{ type: "ios.idfa", id: "x", collection: "users" },
			{},
			null,
			"x",
			{ type: 1, id: 2 },
		];
		const { claims } = parseOne({ ...track, context: { externalIds } });
		expect(claims.externalIds).toEqual([
			{ type: "shopify_id", id: 7 },
			{ type: "ios.idfa", id: "x" },
		]);
	});

	it("may have an id of a type that cannot identify: it is ignored, and said", () => {
		const { claims, warnings } = parseOne({ ...track, userId: { id: 1 }, anonymousId: ["a1"] });
		expect(claims).toEqual({});
		expect(warnings.map(({ code }) => code)).toEqual(["ignored_id", "ignored_id", "no_identifier"]);
	});

	it("may belong to nobody", () => {
		const { claims, warnings } = parseOne({ type: "page" });
		expect(claims).toEqual({});
		expect(warnings.map(({ code }) => code)).toEqual(["no_identifier"]);
	});

	it("gets a messageId when it has none", () => {
		const { events } = parseEvents([
			{ type: "page" },
			{ type: "page", messageId: null },
			{ type: "page", messageId: "" },
		]);
		expect(events.map(({ messageId }) => messageId)).toEqual(["made-0", "made-1", "made-2"]);
	});

	it("may have a messageId of 256 characters, whatever planes they are of", () => {
		expect(parseOne({ ...track, messageId: "😀".repeat(256) }).messageId).toBe("😀".repeat(256));
		expect(parseRejected({ ...track, messageId: "😀".repeat(257) }).code).toBe("invalid_message_id");
	});

	it("may have PHP's empty arrays for objects", () => {
		expect(
			parseOne({ type: "identify", userId: "u1", traits: [], context: [], properties: [] }).traits,
		).toBeUndefined();
	});

	it("has what its batch says for all", () => {
		const rest = { context: { ip: "1.2.3.4", app: "shop" }, integrations: { All: false, X: true } };
		const { payload } = parseOne({ ...track, context: { app: "till" }, integrations: { X: false } }, rest);
		expect(payload.context).toEqual({ ip: "1.2.3.4", app: "till" });
		expect(payload.integrations).toEqual({ All: false, X: false });
	});

	it("has the type that its route names", () => {
		expect(parseOne({ type: "track", userId: "u1", name: "Home" }, {}, { type: "page" })).toMatchObject({
			type: "page",
			name: "Home",
		});
	});
});

describe("the time of an event", () => {
	it("is corrected by how wrong the sender's clock was", () => {
		const dayAhead = receivedAt + 86_400_000;
		const event = parseOne({ ...track, timestamp: iso(dayAhead - 5_000) }, { sentAt: iso(dayAhead) });
		expect(event.timestamp).toBe(receivedAt - 5_000);
		expect(event.payload).toMatchObject({ originalTimestamp: iso(dayAhead - 5_000), sentAt: iso(dayAhead) });
	});

	it("takes less than two seconds for transit, on both sides", () => {
		for (const skew of [-1_999, 0, 1_999]) {
			const event = parseOne({ ...track, timestamp: iso(receivedAt - 5_000), sentAt: iso(receivedAt + skew) });
			expect(event.timestamp).toBe(receivedAt - 5_000);
		}
		for (const skew of [-2_000, 2_000]) {
			const event = parseOne({ ...track, timestamp: iso(receivedAt - 5_000), sentAt: iso(receivedAt + skew) });
			expect(event.timestamp).toBe(receivedAt - 5_000 - skew);
		}
	});

	it("stands when its author set it beside the original", () => {
		const times = {
			timestamp: "2020-01-01T00:00:00.000Z",
			originalTimestamp: iso(receivedAt),
			sentAt: iso(receivedAt + 60_000),
		};
		const event = parseOne({ ...track, ...times });
		expect(event.timestamp).toBe(Date.UTC(2020, 0, 1));
		expect(event.payload).toMatchObject({ originalTimestamp: times.originalTimestamp, sentAt: times.sentAt });
	});

	it("is the original's when there is no other", () => {
		const originalTimestamp = iso(receivedAt - 60_000);
		expect(parseOne({ ...track, originalTimestamp, sentAt: iso(receivedAt - 10_000) }).timestamp).toBe(
			receivedAt - 50_000,
		);
	});

	it("is the receipt when nothing says another", () => {
		expect(parseOne(track).timestamp).toBe(receivedAt);
		expect(parseOne({ ...track, timestamp: null }).timestamp).toBe(receivedAt);
	});

	it.each([
		["server", 86_400_000],
		["client", 60_000],
	] as const)("is the receipt when a %s dates it more than %i ms ahead, and the original is kept", (trust, ahead) => {
		const limit = receivedAt + ahead;
		expect(parseOne({ ...track, timestamp: iso(limit) }, {}, { trust }).timestamp).toBe(limit);
		const event = parseOne({ ...track, timestamp: iso(limit + 1) }, {}, { trust });
		expect(event.timestamp).toBe(receivedAt);
		expect(event.payload.originalTimestamp).toBe(iso(limit + 1));
		expect(event.warnings.map(({ code }) => code)).toEqual(["clamped_timestamp"]);
	});

	it("takes a sentAt that is no time for none", () => {
		expect(parseOne({ ...track, timestamp: iso(receivedAt - 5), sentAt: "soon" }).timestamp).toBe(receivedAt - 5);
	});
});

describe("a rejected event", () => {
	it.each([
		["a string", "event", "invalid_event"],
		["null", null, "invalid_event"],
		["an array", [], "invalid_event"],
		["no type", { userId: "u1" }, "invalid_type"],
		["an unknown type", { type: "purchase" }, "invalid_type"],
		["a type from the prototype", { type: "constructor" }, "invalid_type"],
		["a track without a name", { type: "track", userId: "u1" }, "invalid_event"],
		["a name that is an object", { type: "track", event: {} }, "invalid_event"],
		["a page name that is an array", { type: "page", name: ["x"] }, "invalid_event"],
		["properties that are text", { ...track, properties: "x" }, "invalid_event"],
		["a context that is a list", { ...track, context: [1] }, "invalid_event"],
		["traits that are a number", { type: "identify", traits: 5 }, "invalid_event"],
		["a messageId that is an object", { ...track, messageId: {} }, "invalid_message_id"],
		["a messageId that is too long", { ...track, messageId: "x".repeat(257) }, "invalid_message_id"],
		["a timestamp that is none", { ...track, timestamp: "yesterday" }, "invalid_timestamp"],
		["an id that is too long", { ...track, userId: "x".repeat(1_025) }, "invalid_id"],
	])("is %s", (_, event, code) => {
		const rejection = parseRejected(event);
		expect(rejection.code).toBe(code);
		expect(rejection.detail).not.toBe("");
	});

	it.each(["9007199254740993", "12345678901234567890", "-9007199254740993", "1e999"])(
		"has the id %s, which lost digits",
		(id) => {
			const parsed = parseText(`{"batch": [{"type": "track", "event": "x", "userId": ${id}}]}`);
			expect(parsed).toMatchObject({ rejected: [{ code: "invalid_id" }] });
		},
	);

	it("has more external ids than anyone", () => {
		const externalIds = Array.from({ length: 1_000 }, (_, id) => ({ type: "x", id }));
		expect(parseRejected({ ...track, context: { externalIds } }).code).toBe("too_many_identifiers");
	});

	it("is kept without keys and proofs, and with what its route and batch said", () => {
		const rejection = parseRejected(
			{ messageId: "m1", userId: "u1", writeKey: "k", identityToken: "t" },
			{ type: "track" },
		);
		expect(rejection).toMatchObject({ index: 0, messageId: "m1" });
		expect(JSON.parse(rejection.text)).toEqual({ type: "track", messageId: "m1", userId: "u1" });
		const { letters } = parseEvents([{ type: "x" }], { sentAt: "2026-01-31T12:00:00Z", context: { app: 1 } });
		expect(JSON.parse(letters[0]?.text ?? "")).toEqual({
			type: "x",
			sentAt: "2026-01-31T12:00:00Z",
			context: { app: 1 },
		});
	});

	it("leaves its neighbours alone, wherever it stands", () => {
		const large = { ...track, properties: { text: "x".repeat(limits.eventBytes) } };
		const deep = JSON.parse(`{"type":"page","properties":${'{"a":'.repeat(150)}1${"}".repeat(150)}}`);
		for (const bad of [5, {}, large, deep]) {
			const batch: unknown[] = Array.from({ length: 100 }, (_, at) => ({ ...track, messageId: `m${at}` }));
			batch[50] = bad;
			const { events, indexes, rejected } = parseEvents(batch);
			expect(events).toHaveLength(99);
			expect(indexes).not.toContain(50);
			expect(rejected.map(({ index }) => index)).toEqual([50]);
		}
	});

	it("is each one past the 2,500th", () => {
		const batch = Array.from({ length: 2_503 }, (_, at) => ({ type: "page", messageId: `m${at}` }));
		const { events, rejected } = parseEvents(batch);
		expect(events).toHaveLength(2_500);
		expect(rejected.map(({ index, code }) => [index, code])).toEqual(
			[2_500, 2_501, 2_502].map((at) => [at, "batch_too_long"]),
		);
	});
});

describe("hostile text", () => {
	it("never fails, and gives one verdict for each event", () => {
		const anything = fc.oneof({ weight: 3, arbitrary: fc.jsonValue() }, { weight: 3, arbitrary: eventLike });
		fc.assert(
			fc.property(fc.array(anything, { maxLength: 20 }), (batch) => {
				const parsed = parseText(JSON.stringify({ batch }));
				if (typeof parsed === "string") throw new Error(parsed);
				expect(parsed.events.length + parsed.rejected.length).toBe(batch.length);
				expect([...parsed.indexes, ...parsed.rejected.map(({ index }) => index)].sort((a, b) => a - b)).toEqual([
					...batch.keys(),
				]);
				for (const event of parsed.events) JSON.parse(event.payload);
			}),
		);
	});

	it("never fails on any bytes", () => {
		fc.assert(
			fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
				parseText(bytes);
			}),
		);
	});

	it("keeps nothing that storage cannot hold", () => {
		const text = String.raw`{"batch": [{"type": "track", "event": "a\u0000b", "userId": "u\ud800x", "messageId": "m\udc00",
			"properties": {"k\u0000": ["\ud83d\ude00", "\udc00\ud800"]}, "context": {"traits": {"email": "\u0000"}}}], "context": {"x": "\ud800"}}`;
		const parsed = parseText(text);
		if (typeof parsed === "string") throw new Error(parsed);
		const [event] = parsed.events;
		expect(event).toMatchObject({
			name: "a\uFFFDb",
			messageId: "m\uFFFD",
			claims: { userId: "u\uFFFDx", emails: ["\uFFFD"] },
		});
		expect(JSON.parse(event?.payload ?? "")).toEqual({
			properties: { "k\uFFFD": ["😀", "\uFFFD\uFFFD"] },
			context: { x: "\uFFFD", traits: { email: "\uFFFD" } },
		});
	});

	it("reads invalid UTF-8 as U+FFFD", () => {
		const bytes = new TextEncoder().encode('{"batch": [{"type": "track", "event": "x?y"}]}');
		bytes[bytes.indexOf("?".charCodeAt(0))] = 0xff;
		expect(parseText(bytes)).toMatchObject({ events: [{ name: "x\uFFFDy" }] });
	});

	it("reaches no prototype", () => {
		const text = `{"batch": [{"type": "track", "event": "x", "__proto__": {"polluted": 1}, "properties": {"__proto__": {"polluted": 1}, "constructor": {"prototype": {"polluted": 1}}}}],
			"context": {"__proto__": {"polluted": 1}}}`;
		const parsed = parseText(text);
		if (typeof parsed === "string") throw new Error(parsed);
		expect(({} as Record<string, unknown>).polluted).toBeUndefined();
		expect(parsed.events[0]?.payload).toContain(
			'"properties":{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}',
		);
	});

	it("counts the last of duplicate keys, for the batch too", () => {
		const large = JSON.stringify({ type: "track", event: "x".repeat(limits.eventBytes + 1) });
		const parsed = parseText(`{"batch": [${large}], "batch": [{"type": "page", "messageId": "a", "messageId": "b"}]}`);
		expect(parsed).toMatchObject({ events: [{ messageId: "b" }], rejected: [] });
	});

	it("may nest without end: one event is refused, and nothing is slow", () => {
		const deep = "[".repeat(50_000) + "]".repeat(50_000);
		const parsed = parseText(
			`{"batch": [{"type": "page", "messageId": "a"}, {"type": "page", "properties": {"x": ${deep}}}, ${deep}]}`,
		);
		expect(parsed).toMatchObject({
			events: [{ messageId: "a" }],
			rejected: [
				{ index: 1, code: "event_too_deep" },
				{ index: 2, code: "event_too_deep" },
			],
		});
		expect(parseText("[".repeat(4_000_000))).toMatch(/deeper|arrays/);
		expect(parseText(`{"context": ${deep}, "batch": []}`)).toMatch(/deeper/);
		expect(parseText(`{"b\\u0061tch": [${deep}]}`)).toMatchObject({ rejected: [{ index: 0, code: "event_too_deep" }] });
		expect(parseText(`{"a":`.repeat(500_000))).toMatch(/deeper|arrays/);
	});

	it("hides nothing from the limits in strings that look like structure", () => {
		const tricky = String.raw`{"x": "\"batch\": [[[[", "batch" : [ {"type":"page","messageId":"a]},{\\\"","properties":{"batch":[1,2]}} , 5 ], "z": [[1]]}`;
		const padded = `${tricky.slice(0, -1)}, "pad": "${"x".repeat(limits.eventBytes)}"}`;
		for (const text of [tricky, padded]) {
			expect(parseText(text)).toMatchObject({
				events: [{ messageId: 'a]},{\\"' }],
				rejected: [{ index: 1, code: "invalid_event" }],
			});
		}
	});

	it("is judged the same whether its events are cut out one by one or parsed whole", () => {
		fc.assert(
			fc.property(
				fc.array(fc.oneof(fc.jsonValue(), eventLike), { maxLength: 8 }),
				fc.jsonValue(),
				fc.nat(2),
				(batch, other, spaces) => {
					const small = JSON.stringify({ other, batch }, null, spaces);
					const large = JSON.stringify({ other, pad: "x".repeat(limits.eventBytes), batch }, null, spaces);
					expect(parseText(large)).toEqual(parseText(small));
				},
			),
			{ numRuns: 30 },
		);
	});

	it("is an object, or it is refused", () => {
		for (const text of ["", "null", "5", '"x"', "[]", "{", '{"batch": [}', "{}x", "{'a': 1}"])
			expect(typeof parseText(text)).toBe("string");
		expect(parseText('\uFEFF{"batch": []}')).toMatchObject({ size: 0 });
	});

	it("says nothing of what was in it when it is no JSON", () => {
		expect(parseText('{"email": "someone@example.com" oops')).not.toMatch(/someone/);
	});
});

const eventLike = fc.record(
	{
		type: fc.constantFrom("track", "identify", "page", "screen", "group", "alias", "x"),
		event: fc.oneof(fc.string(), fc.jsonValue()),
		name: fc.oneof(fc.string(), fc.jsonValue()),
		userId: fc.oneof(fc.string({ unit: "binary" }), fc.double(), fc.jsonValue()),
		anonymousId: fc.oneof(fc.string(), fc.jsonValue()),
		previousId: fc.oneof(fc.string(), fc.jsonValue()),
		groupId: fc.oneof(fc.string(), fc.jsonValue()),
		messageId: fc.oneof(fc.string(), fc.jsonValue()),
		timestamp: fc.oneof(
			fc.string(),
			fc.date({ noInvalidDate: true }).map((date) => date.toISOString()),
			fc.jsonValue(),
		),
		originalTimestamp: fc.oneof(fc.string(), fc.jsonValue()),
		sentAt: fc.oneof(fc.string(), fc.jsonValue()),
		traits: fc.jsonValue(),
		context: fc.oneof(fc.jsonValue(), fc.record({ traits: fc.jsonValue(), externalIds: fc.jsonValue() })),
		properties: fc.jsonValue(),
	},
	{ requiredKeys: ["type"] },
);
