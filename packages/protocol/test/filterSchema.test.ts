import { Ajv2020 } from "ajv/dist/2020.js";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { filterJsonSchema, filterSchema } from "../src/schema/index.ts";

const body = z.strictObject({ filter: filterSchema });
/** What is wrong, each with the path to where; none: nothing. */
const faultsOf = (filter: unknown): string[] =>
	(body.safeParse({ filter }).error?.issues ?? []).map(({ path, message }) => `${z.core.toDotPath(path)}: ${message}`);
const validate = new Ajv2020({ strict: false }).compile(filterJsonSchema());

const eq = { trait: "plan", eq: "pro" };
const did = { did: "Order Completed" };
const repeat = <T>(count: number, item: T): T[] => Array.from({ length: count }, () => item);
const nest = (levels: number): unknown => (levels === 0 ? eq : { not: nest(levels - 1) });

describe("a filter", () => {
	const valid: [string, unknown][] = [
		["everybody", { all: [] }],
		["nobody", { any: [] }],
		["all, any and not", { all: [eq, { any: [did, { not: eq }] }] }],
		...(["eq", "ne", "contains"] as const).flatMap((operator) =>
			["", "pro", 0, -1.5, 1e300, true, [], [null], {}, { a: null }].map((value): [string, unknown] => [
				`${operator} ${JSON.stringify(value)}`,
				{ trait: "x", [operator]: value },
			]),
		),
		["in", { trait: "x", in: [1, "1", true, {}] }],
		["in nothing", { trait: "x", in: [] }],
		["exists", { trait: "x", exists: false }],
		["gt a number", { trait: "x", gt: 0 }],
		["lte a date", { trait: "x", lte: "2026-01-31" }],
		["gte an instant", { trait: "x", gte: "2026-01-31T12:00:00+02:00" }],
		["starts", { trait: "x", starts: "a" }],
		["a path", { trait: "address.city", exists: true }],
		["a dot in a key", { trait: "a\\.b.c\\.", exists: true }],
		["a key of odd characters", { trait: "😀\"'[]$*\\", exists: true }],
		["did", did],
		["any event", { did: "*" }],
		["within", { ...did, within: "90s" }],
		["between", { ...did, between: ["30d", "0d"] }],
		["across units", { ...did, between: ["2h", "119m"] }],
		["a count", { ...did, count: { gte: 0 } }],
		[
			"where",
			{ ...did, where: { all: [{ prop: "price", gt: 10 }, { not: { any: [{ prop: "sku", starts: "x" }] } }] } },
		],
		[
			"an aggregate",
			{ ...did, agg: "sum", of: "price", value: { gt: 10.5 }, where: { prop: "a", eq: 1 }, within: "1w" },
		],
		[
			"a sequence",
			{
				sequence: [
					{ did: "A", within: "1d" },
					{ did: "B", same: "sku" },
					{ not_did: "C", within: "4h" },
				],
			},
		],
		["a sequence of one", { sequence: [{ did: "A" }] }],
		["five steps", { sequence: repeat(5, { did: "A" }) }],
		[
			"a `not_did` without an end, between and last",
			{ sequence: [{ did: "A" }, { not_did: "B" }, { did: "A" }, { not_did: "C" }] },
		],
		["as deep as may be", nest(12)],
		["as wide as may be", { all: repeat(100, eq) }],
		["as costly as may be", { all: repeat(45, did) }],
	];
	it.each(valid)("may be: %s", (_, filter) => {
		expect(faultsOf(filter)).toEqual([]);
		expect(validate(filter), JSON.stringify(validate.errors)).toBe(true);
		expect(body.parse({ filter })).toEqual({ filter });
	});

	const operators = "eq, ne, in, exists, gt, gte, lt, lte, contains, starts";
	const comparisons = "eq, ne, gt, gte, lt, lte";
	const kinds = "all, any, not, trait, did, sequence";
	const date = 'must be a number or an ISO 8601 date such as "2026-01-31"';
	const longer = 'must be two durations, the longer one first: ["30d", "7d"] is from 30 to 7 days ago';
	const invalid: [unknown, ...string[]][] = [
		[null, "filter: must be an object"],
		["x", "filter: must be an object"],
		[[eq], "filter: must be an object"],
		[{}, `filter: a condition is exactly one of ${kinds}`],
		[{ plan: "pro" }, `filter: a condition is exactly one of ${kinds}`],
		[{ all: [eq, { any: [{}] }] }, `filter.all[1].any[0]: a condition is exactly one of ${kinds}`],
		[{ all: [], any: [] }, `filter: has all and any, but a condition is exactly one of ${kinds}`],
		[{ not: null }, "filter.not: must be an object"],
		[{ trait: "x" }, `filter: it tests with exactly one of ${operators}`],
		[{ trait: "x", gt: 1, lt: 3 }, `filter: has gt and lt, but it tests with exactly one of ${operators}`],
		[{ trait: "x", eq: null }, 'filter.eq: must not be null, which is no value: ask for {"exists": false}'],
		[{ trait: "x", in: [1, null] }, 'filter.in[1]: must not be null, which is no value: ask for {"exists": false}'],
		[{ trait: "x", gt: "soon" }, `filter.gt: ${date}`],
		[{ trait: "x", gt: true }, `filter.gt: ${date}`],
		[{ trait: "x", lt: "2026-13-01" }, `filter.lt: ${date}`],
		[{ trait: "x", lt: "2026-01-31 (noon)" }, `filter.lt: ${date}`],
		...["", ".", "a..b", ".a", "a.", "a\\..", "\\.."].map((trait): [unknown, string] => [
			{ trait, exists: true },
			"filter.trait: must be keys joined by single dots; write \\. for a dot in a key",
		]),
		[{ trait: "x".repeat(1_025), exists: true }, "filter.trait: must have at most 1024 characters"],
		[{ trait: "x", eq: "x".repeat(1_025) }, "filter.eq: must have at most 1024 characters"],
		[{ ...did, within: "4 hours" }, 'filter.within: must be a duration such as "4h" or "30d": s, m, h, d or w'],
		[{ ...did, within: "-1d" }, 'filter.within: must be a duration such as "4h" or "30d": s, m, h, d or w'],
		[{ ...did, between: ["7d", "30d"] }, `filter.between: ${longer}`],
		[{ ...did, between: ["7d", "168h"] }, `filter.between: ${longer}`],
		[
			{ ...did, within: "1d", between: ["30d", "7d"] },
			"filter.between: has both `within` and `between`: give one of them",
		],
		[{ ...did, count: { gte: 1.5 } }, "filter.count.gte: must be a whole number"],
		[{ ...did, count: { gte: -1 } }, "filter.count.gte: must be 0 or more"],
		[{ ...did, count: {} }, `filter.count: it compares with exactly one of ${comparisons}`],
		[
			{ ...did, count: { gte: 1, lt: 5 } },
			`filter.count: has gte and lt, but it compares with exactly one of ${comparisons}`,
		],
		[{ ...did, where: eq }, "filter.where: a condition is exactly one of all, any, not, prop"],
		[
			{ ...did, agg: "median", of: "x", value: { gt: 1 } },
			"filter.agg: must be one of sum, avg, min, max, unique_count",
		],
		[{ ...did, agg: "sum", of: "x", value: { gt: 1 }, count: { gt: 1 } }, 'filter: Unrecognized key: "count"'],
		[
			{ sequence: [{ did: "A" }, { did: "A", not_did: "B" }] },
			"filter.sequence[1]: has did and not_did, but a step is exactly one of did, not_did",
		],
		[{ sequence: [{ did: "A", same: "x" }] }, 'filter.sequence[0]: Unrecognized key: "same"'],
		[{ sequence: repeat(6, { did: "A" }) }, "filter.sequence: must have at most 5 steps"],
		[
			{ sequence: [{ did: "A" }, { not_did: "B" }, { not_did: "C", within: "1h" }] },
			"filter.sequence[1]: needs a `within`, since it stands next to another `not_did`",
		],
		[nest(13), `filter${".not".repeat(13)}: nests deeper than 12 levels of all, any and not`],
		[{ any: repeat(101, eq) }, "filter.any: must have at most 100 conditions"],
		[{ trait: "x", in: repeat(1_001, 1) }, "filter.in: must have at most 1000 values"],
	];
	it.each(invalid)("may not be: %j", (filter, ...expected) => {
		expect(faultsOf(filter)).toEqual(expected);
	});

	it("may not ask for too much", () => {
		const [tooMuch] = faultsOf({ all: repeat(46, did) });
		expect(tooMuch).toMatch(/^filter: asks for too much at once: it costs 506, and 500 are allowed/);
		const traits = Array.from({ length: 101 }, (_, at) => ({ trait: `t${at}`, eq: 1 }));
		const wide = { all: [{ any: traits.slice(0, 60) }, { any: traits.slice(60) }] };
		expect(faultsOf(wide)).toEqual(["filter: asks about 101 traits, and 100 are allowed"]);
	});

	it("may not nest so deep that looking at it would go too far", () => {
		const deep = JSON.parse(`${"[".repeat(200_000)}${"]".repeat(200_000)}`);
		expect(faultsOf({ trait: "x", eq: deep })).toEqual([expect.stringMatching(/nests deeper than 64 levels$/)]);
	});

	it("takes texts as events keep them", () => {
		const { filter } = body.parse({ filter: { trait: "a\0", eq: { "\ud800": "b\ud800" } } });
		expect(filter).toEqual({ trait: "a\ufffd", eq: { "\ufffd": "b\ufffd" } });
	});

	it("takes no time for a path that almost fits", () => {
		expect(faultsOf({ trait: `${"\\.".repeat(500)}.`, exists: true })).toHaveLength(1);
	});
});

it("the published schema refuses what it can tell", () => {
	for (const filter of [{}, eq.trait, { ...eq, gt: 1 }, { ...did, within: "4 hours" }, { all: repeat(101, eq) }]) {
		expect(validate(filter)).toBe(false);
	}
	expect(validate({ ...did, within: "1d", between: ["30d", "7d"] })).toBe(false);
	expect(validate({ sequence: repeat(6, { did: "A" }) })).toBe(false);
});
