import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { limits } from "../src/index.ts";
import { scanJson } from "../src/schema/scanJson.ts";
import { isLongerInBytes, utf8Length } from "../src/schema/utf8Length.ts";
import { parseEvents, parseOne, parseText } from "./parse.ts";

const track = { type: "track", event: "E", userId: "u" };
const bytes = (text: string) => new TextEncoder().encode(text).length;
const pad = (length: number) => ({ pad: "x".repeat(length) });

/** What a request becomes counts, not what it was: whatever is merged, decoded, unescaped or written out again. */
describe("limits hold for what events become", () => {
	it.each(["context", "integrations"])(
		"a batch's own %s is copied up to 4 KiB, and left out with one warning",
		(key) => {
			const fits = pad(limits.sharedBytes - bytes('{"pad":""}'));
			expect(parseOne(track, { [key]: fits }).payload).toMatchObject({ [key]: fits });
			const { events, warnings } = parseEvents([track, track], { [key]: pad(limits.sharedBytes) });
			expect(events.map(({ payload }) => JSON.parse(payload)[key])).toEqual([undefined, undefined]);
			expect(warnings).toEqual([
				{ index: 0, code: "context_too_large", detail: expect.stringContaining(`\`${key}\``) },
			]);
		},
	);

	it("nor is it copied where all copies would pass 4 MiB, and what the events say themselves stays", () => {
		const own = { ...track, context: { own: 1 } };
		const count = Math.floor(limits.bodyBytes / limits.sharedBytes);
		const context = pad(limits.sharedBytes - bytes('{"pad":""}'));
		const fits = parseEvents(Array(count).fill(own), { context });
		expect(fits.warnings).toEqual([]);
		expect(JSON.parse(fits.events[0]?.payload ?? "").context).toEqual({ ...context, own: 1 });
		const none = parseEvents(Array(count + 1).fill(own), { context, integrations: { All: true } });
		expect(none.events).toHaveLength(count + 1);
		expect(none.warnings.map(({ code }) => code)).toEqual(["context_too_large"]);
		expect(JSON.parse(none.events[0]?.payload ?? "")).toEqual({ context: { own: 1 }, integrations: { All: true } });
	});

	it("counts bytes, not characters, of the context and of an event", () => {
		expect(parseEvents([track], { context: pad(0), integrations: { pad: "é".repeat(2_048) } }).warnings).toHaveLength(
			1,
		);
		const wide = { ...track, properties: { text: "\\u20ac".repeat(45_000) } };
		const text = JSON.stringify({ batch: [wide, track] }).replaceAll("\\\\u20ac", "\\u20ac");
		expect(parseText(text)).toMatchObject({
			rejected: [{ index: 0, code: "event_too_large" }],
			events: [{ name: "E" }],
		});
	});

	it("a long `sentAt` is copied nowhere", () => {
		const { events, letters } = parseEvents([track, { type: "nope" }], { sentAt: "2".repeat(100_000) });
		expect(events[0]?.payload.length).toBeLessThan(100);
		expect(letters[0]?.text.length).toBeLessThan(100);
	});

	it("numbers that grow when they are written again are counted as written", () => {
		const event = { ...track, properties: { list: Array(5_000).fill(7) } };
		const one = JSON.stringify(event).replaceAll("7", "1e20");
		const batch = parseText(`{"batch":[${Array(160).fill(one).join(",")}]}`);
		if (typeof batch === "string") throw new Error(batch);
		expect(batch.stored).toBeLessThanOrEqual(limits.batchStored + 256 * 160);
		expect(batch.events.length + batch.rejected.length).toBe(160);
		expect(new Set(batch.rejected.map(({ code }) => code))).toEqual(new Set(["batch_too_long"]));
	});

	it("dead letters count too, and keep less when their batch has become large", () => {
		const large = { type: "nope", text: "x".repeat(100_000) };
		const { rejected, letters, stored } = parseEvents(Array(40).fill(large));
		expect([rejected.length, letters.length]).toEqual([40, 40]);
		expect(stored).toBe(letters.reduce((sum, { text }) => sum + text.length, 0));
		expect(stored).toBeLessThanOrEqual(limits.batchStored + 256 * 40);
	});

	it("elements that are no objects are answered one by one and leave one letter with their count", () => {
		const { events, rejected, letters } = parseEvents([0, "text", [1], null, track]);
		expect(events).toHaveLength(1);
		expect(rejected.map(({ index, code }) => [index, code])).toEqual([0, 1, 2, 3].map((at) => [at, "invalid_event"]));
		expect(letters).toEqual([
			{ messageId: null, code: "invalid_event", detail: expect.stringMatching(/^4 elements /), text: "0" },
		]);
	});

	it.each(["batch", "b\\u0061tch", "\\u0062\\u0061\\u0074\\u0063\\u0068"])(
		"more than 10,000 elements of %s are refused unparsed",
		(key) => {
			const elements = (count: number) =>
				`{"${key}":[${Array(count)
					.fill(`"${"x".repeat(12)}"`)
					.join(",")}]}`;
			expect(parseText(elements(limits.batchElements + 1))).toMatch(/10001 elements/);
			const parsed = parseText(elements(limits.batchElements));
			expect(parsed).toMatchObject({ rejected: { length: limits.batchElements }, letters: { length: 1 } });
		},
	);
});

it("a body of a million empty arrays is refused before it is parsed, whichever key they stand under", () => {
	const arrays = Array(limits.bodyContainers).fill("[]").join(",");
	for (const key of ["batch", "x"]) expect(parseText(`{"${key}":[${arrays}]}`)).toMatch(/arrays and objects|elements/);
});

describe("one bad event costs its neighbours nothing", () => {
	const bad = [
		"NaN",
		"-Infinity",
		"undefined",
		"'x'",
		"tru",
		"01",
		"+1",
		".5",
		"0x10",
		'"a\nb"',
		'"\\x"',
		"{x:1}",
		"[1,]",
		'{"a":1,}',
	];

	it.each(bad)("%j in a property", (token) => {
		const text = `{"batch":[{"type":"page","messageId":"a"},{"type":"track","event":"E","properties":{"x":${token}}},{"type":"page","messageId":"b"}]}`;
		const parsed = parseText(text);
		expect(parsed).toMatchObject({
			events: [{ messageId: "a" }, { messageId: "b" }],
			indexes: [0, 2],
			rejected: [{ index: 1, code: "invalid_json" }],
			letters: [{ code: "invalid_json", text: expect.stringContaining("track") }],
		});
	});

	it("a text whose events cannot be told apart is refused as a whole", () => {
		for (const text of ['{"batch":[{"a":1}},{}]}', '{"batch":[{}', '{"batch":[,]}', '{"batch":[{}],"x":NaN}']) {
			expect(parseText(text)).toBe("The body is not valid JSON.");
		}
		expect(parseText('{"type":"track","event":"E","properties":{"x":NaN}}')).toBe("The body is not valid JSON.");
	});
});

describe("numbers that cannot be held", () => {
	const parsed = (properties: string, rest = "") =>
		parseText(`{"batch":[{"type":"identify","userId":"u","traits":${properties}}]${rest}}`);

	it.each(["1e400", "-1e400", "1e+400", "1E309", `1${"0".repeat(309)}`, `1${"0".repeat(309)}.5`])(
		"%s is left out with a warning, and removes nothing",
		(token) => {
			expect(parsed(`{"ltv":${token},"plan":"a","inner":{"x":${token}},"list":[${token},1]}`)).toMatchObject({
				events: [{ traits: { plan: "a", inner: {}, list: [null, 1] } }],
				warnings: [{ code: "number_too_large" }, { code: "number_too_large" }, { code: "number_too_large" }],
			});
			const batch = parsed(`{"ltv":${token}}`);
			if (typeof batch === "string") throw new Error(batch);
			expect(batch.events[0]?.traits).toEqual({});
		},
	);

	it("at batch level too", () => {
		expect(parsed("{}", ',"context":{"x":1e400,"y":1}')).toMatchObject({
			events: [{ payload: expect.stringContaining('"context":{"y":1}') }],
			warnings: [{ code: "number_too_large" }],
		});
	});

	it.each(["9007199254740993", "12345678901234567890", "1e17"])(
		"%s is stored, and told to have lost digits",
		(token) => {
			expect(parsed(`{"n":${token}}`)).toMatchObject({
				events: [{ traits: { n: Number(token) } }],
				warnings: [{ code: "number_too_large" }],
			});
		},
	);

	it.each(["9007199254740991", "0.30000000000000004", "1e-400", "1.5e10", "123456789.123456789"])(
		"%s is an ordinary number",
		(token) => {
			expect(parsed(`{"n":${token}}`)).toMatchObject({ events: [{ traits: { n: Number(token) } }], warnings: [] });
		},
	);

	it("in an id refuse the event", () => {
		for (const id of ["1e400", "9007199254740993"]) {
			for (const field of [`"userId":${id}`, `"userId":"u","context":{"externalIds":[{"type":"x","id":${id}}]}`]) {
				expect(parseText(`{"batch":[{"type":"page",${field}}]}`)).toMatchObject({ rejected: [{ code: "invalid_id" }] });
			}
		}
	});
});

describe("what an index cannot hold is refused before it is stored", () => {
	it.each([
		["a trait's key", { type: "identify", traits: { ["€".repeat(342)]: 1 } }, "invalid_event"],
		["a group trait's key", { type: "group", groupId: "g", traits: { ["k".repeat(1_025)]: 1 } }, "invalid_event"],
		["a group's id", { type: "group", groupId: "€".repeat(700) }, "invalid_id"],
		["a user's id", { type: "page", userId: "€".repeat(700) }, "invalid_id"],
	])("%s", (_, event, code) => {
		expect(parseEvents([{ userId: "u", ...event }, track])).toMatchObject({
			rejected: [{ index: 0, code }],
			events: [{ name: "E" }],
		});
	});

	it("and the longest that it can hold is taken", () => {
		const { events } = parseEvents([
			{ type: "identify", userId: "u".repeat(1_024), traits: { ["k".repeat(1_024)]: 1 } },
		]);
		expect(events).toHaveLength(1);
	});
});

it("an event says nothing in the collector's own name", () => {
	const forged = { profileId: "pro_x", seq: 1, claimedUserId: "x", claimedGroup: {}, other: 1 };
	expect(parseOne({ ...track, ...forged }).payload).toEqual({ other: 1 });
});

it("property: texts are measured as they are encoded", () => {
	fc.assert(
		fc.property(fc.string({ unit: "binary" }), fc.nat(40), (text, limit) => {
			expect(utf8Length(text)).toBe(bytes(text));
			expect(isLongerInBytes(text, limit)).toBe(bytes(text) > limit);
		}),
	);
});

it("property: no number that JSON changes is overlooked, and depth is what it is", () => {
	const digits = fc.stringMatching(/^-?(0|[1-9]\d{0,24})(\.\d{1,20})?([eE][+-]?\d{1,4})?$/);
	fc.assert(
		fc.property(fc.array(digits, { minLength: 1 }), (numbers) => {
			const { depth, hasWideNumber } = scanJson(new TextEncoder().encode(`{"a":[${numbers}],"text":"1e999 [[["}`));
			expect(depth).toBe(2);
			const isLost = (text: string) => {
				const value = Number(text);
				return !Number.isFinite(value) || (Number.isInteger(value) && !Number.isSafeInteger(value));
			};
			if (numbers.some(isLost)) expect(hasWideNumber).toBe(true);
		}),
	);
});

it("a megabyte of the worst text is read in one go", () => {
	for (const text of [
		"[",
		"{",
		'"',
		"\\",
		"1",
		"1e",
		"1.",
		"-",
		",",
		"0,",
		"[],",
		'{"batch":[',
		'"b\\u0061tch":',
		"'",
		"NaN,",
	]) {
		const worst = text.repeat(1_000_000 / text.length);
		parseText(worst);
		parseText(`{"batch":[${worst}]}`);
		parseText(`{"type":"track","event":"E","timestamp":${JSON.stringify(worst.slice(0, 100_000))},"userId":"u"}`);
	}
});
