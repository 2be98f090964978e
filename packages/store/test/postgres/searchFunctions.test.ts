import { defaultIdentityConfig } from "@selfsame/identity";
import type { AcceptedEvent, Filter } from "@selfsame/protocol";
import { parseDate } from "@selfsame/protocol/filter";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { migratePostgres } from "../../src/postgres/migrate.ts";
import { openTempStore } from "../tempStore.ts";
import { makeSchema, type TestSchema } from "./makeSchema.ts";

const seed = Number(process.env.SELFSAME_SEED ?? Date.now() % 2 ** 31);
console.info(`search functions test: SELFSAME_SEED=${seed}`);

let schema: TestSchema;
beforeAll(async () => {
	schema = await makeSchema();
	await migratePostgres(schema.url, 0);
});
afterAll(() => schema?.drop());

const digits = (count: number, max: number) => fc.nat(max).map((number) => String(number).padStart(count, "0"));
const two = (max: number) => digits(2, max);
const time = fc.oneof(
	fc.tuple(two(25), two(61)).map((parts) => parts.join(":")),
	fc.tuple(two(25), two(61), two(61)).map((parts) => parts.join(":")),
	fc
		.tuple(
			two(25),
			two(61),
			two(61),
			fc.constantFrom(".", ","),
			fc.string({ unit: fc.constantFrom(..."0123456789"), minLength: 1, maxLength: 12 }),
		)
		.map(([hour, minute, second, mark, fraction]) => `${hour}:${minute}:${second}${mark}${fraction}`),
);
const zones = [
	"",
	"",
	"Z",
	"z",
	" Z",
	"+01:00",
	"-0530",
	"+23:59",
	"+24:00",
	"-00:60",
	"+1",
	"+01",
	"-14:00",
	"\u00a0",
];
const dates = fc
	.tuple(
		fc.oneof(fc.constantFrom("2026", "2024", "1900", "0000", "0099", "9999"), digits(4, 9_999)),
		two(13),
		two(33),
		fc.oneof(
			fc.constant(""),
			fc.tuple(fc.constantFrom("T", "t"), time).map((parts) => parts.join("")),
		),
		fc.constantFrom(...zones),
	)
	.map(([year, month, day, at, zone]) => `${year}-${month}-${day}${at}${zone}`);

it("dates are read as the plain evaluator reads them", async () => {
	const texts = fc.sample(dates, { seed, numRuns: 20_000 });
	texts.push("", "2026", "2026-01-31 12:00:00", "2026-01-31 12:00:00.000Z", "2026-01-31 (or so)", "x".repeat(100));
	const rows = await schema.query<{ text: string; instant: string | null }>(
		"SELECT text, selfsame_iso_date(text)::text AS instant FROM unnest($1::text[]) text",
		[texts],
	);
	expect(rows.filter(({ text, instant }) => (instant === null ? null : Number(instant)) !== parseDate(text))).toEqual(
		[],
	);
	expect(rows.filter(({ instant }) => instant !== null).length).toBeGreaterThan(1_000);
});

describe("numbers", () => {
	const texts = [
		"0",
		"-0",
		"1e400",
		"-1e400",
		"1e-400",
		"-1E-99999",
		"1e999999999",
		"5e-324",
		"0e99999",
		"1.7976931348623157e308",
	];
	texts.push(
		"1.7976931348623159e308",
		"2.4703282292062327e-324",
		"2.4703282292062329e-324",
		"9007199254740993",
		"1.0",
		'"1e99999"',
	);

	it("are the doubles that JavaScript reads, whatever their size", async () => {
		const rows = await schema.query<{ number: number | null }>(
			"SELECT selfsame_number(selfsame_json(text)) AS number FROM unnest($1::text[]) text",
			[texts],
		);
		const expected = texts.map((text) => {
			const value = JSON.parse(text);
			return typeof value === "number" ? value + 0 : null;
		});
		expect(rows.map(({ number }) => number)).toEqual(expected);
	});

	it.each([
		[[0.1, 0.2], 0.1 + 0.2],
		[[2 ** 53, 2 ** 53, -1e300, 1e300], 2 ** 54],
		[[1e308, 1e308], Number.POSITIVE_INFINITY],
		[[-1e308, -1e308, 1], Number.NEGATIVE_INFINITY],
		[[1e308, -1e308, 0.5], 0.5],
	])("add up: %j", async (numbers, sum) => {
		const rows = await schema.query("SELECT selfsame_sum(x) AS sum FROM unnest($1::float8[]) x", [numbers]);
		expect(rows).toEqual([{ sum }]);
	});
});

it("no stored text makes a search fail", async () => {
	const temp = await openTempStore(defaultIdentityConfig, "postgres");
	const odd: Record<string, string> = {
		nul: String.raw`{"v": "a\u0000b", "k\u0000": 1}`,
		escaped: String.raw`{"v": "a\\u0000b"}`,
		halves: String.raw`{"v": "\ud83d \ude00 \ud83d\ude00 \ud83d\ud83d\ude00"}`,
		huge: '{"v": 1e400, "w": "1e400000"}',
		deep: `{"v": ${"[".repeat(20_000)}${"]".repeat(20_000)}}`,
		plain: '{"v": 1}',
	};
	const events = Object.entries(odd).map(
		([name, properties], index): AcceptedEvent => ({
			...{ source: "server", trust: "server", type: "track", name: "Odd", timestamp: index, receivedAt: index },
			...{ messageId: name, claims: { userId: name }, payload: `{"properties": ${properties}}` },
		}),
	);
	await temp.store.ingest(events);
	const who = async (test: object) => {
		const filter = { did: "Odd", where: { prop: "v", ...test } } as Filter;
		const { data } = await temp.store.searchProfiles({ filter, now: 0, limit: 10 });
		return data.map(({ identifiers }) => identifiers[0]?.value).sort();
	};
	try {
		expect(await who({ eq: "a\ufffdb" })).toEqual(["nul"]);
		expect(await who({ eq: String.raw`a\u0000b` })).toEqual(["escaped"]);
		expect(await who({ eq: "\ufffd \ufffd 😀 \ufffd😀" })).toEqual(["halves"]);
		expect(await who({ gt: 1e308 })).toEqual(["huge"]);
		expect(await who({ lte: 1 })).toEqual(["plain"]);
		expect(await who({ exists: true })).toEqual(["escaped", "halves", "huge", "nul", "plain"]);
	} finally {
		await temp.remove();
	}
});
