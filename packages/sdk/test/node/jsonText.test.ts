import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createClient } from "../../src/node/index.ts";
import { jsonText } from "../../src/server/events/jsonText.ts";
import { createFakeClient, createFakeClock, type Sent, taken } from "./fakeRuntime.ts";

function written(value: object) {
	const told: string[] = [];
	const text = jsonText(value, (path, what) => told.push(`${path}: ${what}`));
	return { value: JSON.parse(text) as unknown, told };
}

const cyclic: Record<string, unknown> = { fine: 1 };
cyclic.self = { again: cyclic };
const deep = JSON.parse(`${'{"a":'.repeat(5_000)}1${"}".repeat(5_000)}`) as object;

const noValue = "an invalid date, or another toJSON() without a value";

describe("what JSON cannot say is left out and told, never written as null", () => {
	test.each<[string, unknown, string]>([
		["NaN", Number.NaN, "NaN"],
		["Infinity", Number.POSITIVE_INFINITY, "Infinity"],
		["a boxed NaN", Object(Number.NaN), "NaN"],
		["a date that is none", new Date("garbage"), noValue],
		["a toJSON that answers null", { toJSON: () => null }, noValue],
		["a BigInt", 2n ** 64n, "bigint"],
		["a function", () => 1, "function"],
		["a symbol", Symbol("s"), "symbol"],
		["a Map", new Map([["a", 1]]), "Map"],
		["a Set", new Set([1]), "Set"],
		["a RegExp", /a/, "RegExp"],
		["an Error", new Error("no"), "Error"],
		["a promise", Promise.resolve(1), "Promise"],
		["an ArrayBuffer", new ArrayBuffer(4), "ArrayBuffer"],
		[
			"a toJSON that throws",
			{
				toJSON() {
					throw new Error("no");
				},
			},
			"toJSON() throws",
		],
	])("%s", (_name, bad, what) => {
		// A doubtful neighbour, since a text without one is not looked at again.
		expect(written({ traits: { bad, good: 1, nothing: null } })).toEqual({
			value: { traits: { good: 1, nothing: null } },
			told: [`traits.bad: ${what}`],
		});
	});

	test("a getter that throws costs its own value alone", () => {
		const value = Object.defineProperty({ good: 1 }, "bad", {
			enumerable: true,
			get() {
				throw new Error("no");
			},
		});
		expect(written({ traits: value })).toEqual({
			value: { traits: { good: 1 } },
			told: ["traits.bad: a getter that throws"],
		});
	});

	test("cycles and endless depth end", () => {
		expect(written(cyclic)).toEqual({ value: { fine: 1, self: {} }, told: ["self.again: a cycle"] });
		expect(written({ deep, n: Number.NaN }).told).toEqual([
			expect.stringMatching(/^deep(\.a)+: nested too deep$/),
			"n: NaN",
		]);
	});

	test("in an array null takes the place", () => {
		expect(written({ list: [1, Number.NaN, null, undefined, 2] })).toEqual({
			value: { list: [1, null, null, null, 2] },
			told: ["list[1]: NaN"],
		});
	});

	test("what the caller means stays: null, empty objects, own keys of any name", () => {
		const value = JSON.parse('{"traits":{"gone":null,"empty":{},"__proto__":{"a":null},"toString":1}}') as object;
		expect(jsonText(value, () => {})).toBe(JSON.stringify(value));
		expect(written({ a: undefined, b: { c: null } })).toEqual({ value: { b: { c: null } }, told: [] });
	});

	test("property: what JSON can say is written as JSON.stringify writes it", () => {
		fc.assert(
			fc.property(fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 4 })), (value) => {
				expect(jsonText(value, () => expect.unreachable())).toBe(JSON.stringify(value));
			}),
		);
	});
});

test("a good trait survives a later value that is none, and the client warns once", async () => {
	const sent: Sent[] = [];
	const warnings: string[] = [];
	const client = createFakeClient(
		{},
		createFakeClock(),
		async (batch) => {
			sent.push(...batch);
			return taken(batch);
		},
		undefined,
		(message) => warnings.push(message),
	);
	for (let i = 0; i < 3; i++) client.identify({ userId: "u", traits: { ltv: 0 / 0, seen: new Date("x"), plan: "a" } });
	client.track({ userId: "u", event: "E", properties: cyclic, context: { n: 1n } });
	await client.flush();
	expect(sent.map(({ traits }) => traits).slice(0, 3)).toEqual([{ plan: "a" }, { plan: "a" }, { plan: "a" }]);
	expect(sent[3]).toMatchObject({ properties: { fine: 1, self: {} }, context: { library: {} } });
	expect(warnings).toEqual([
		"selfsame: 'traits.ltv' was left out of the event, since JSON cannot say it: NaN",
		expect.stringContaining("'traits.seen'"),
		expect.stringContaining("'context.n' was left out of the event, since JSON cannot say it: bigint"),
		expect.stringContaining("'properties.self.again' was left out of the event, since JSON cannot say it: a cycle"),
	]);
});

test("Node warns where a process shows its warnings", async () => {
	const warnings: Error[] = [];
	const onWarning = (warning: Error) => void warnings.push(warning);
	process.on("warning", onWarning);
	const client = createClient({ writeKey: "WK", host: "http://127.0.0.1:1", flushat: 5, hosst: "x" } as never);
	await new Promise((resolve) => setImmediate(resolve));
	process.off("warning", onWarning);
	expect(warnings.map(({ name, message }) => `${name}: ${message}`)).toEqual([
		"SelfsameWarning: selfsame: createClient knows no option 'flushat'; did you mean 'flushAt'?",
		"SelfsameWarning: selfsame: createClient knows no option 'hosst'; did you mean 'host'?",
	]);
	await client.close({ timeout: 0 });
});
