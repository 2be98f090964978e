import type {
	AggregateCondition,
	Comparison,
	DidCondition,
	Filter,
	Json,
	JsonObject,
	Operation,
	Predicate,
	Sequence,
	Step,
	Value,
} from "@selfsame/protocol";
import fc from "fast-check";

/** A few values of every kind, among them those that are easily taken for one another. */
const scalars: Value[] = [
	...[0, 1, -1, 1.5, 2, 10, 0.1, 2 ** 53, 2 ** 63, 1e21, 5e-324],
	...[
		"",
		"0",
		"1",
		"true",
		"null",
		"pro",
		"PRO",
		"proton",
		"2",
		"10",
		'a"b',
		"a'b",
		"]$.*%_",
		"é",
		"e\u0301",
		"😀",
		"\ud83d",
	],
	...["2025-01-01", "2025-01-01T00:00:10Z", "2025-01-01T01:00:10+01:00", "2025-01-01T00:00:10.001Z", "2025-13-01"],
	...[true, false],
].map((value) => (value === "\ud83d" ? "\ufffd" : value));
const compounds: Value[] = [
	[],
	[1],
	["1"],
	[1, "pro"],
	[null],
	{},
	{ a: 1 },
	{ a: 1, b: 2 },
	{ b: 2, a: 1 },
	[{ b: 2, a: 1 }],
];
const value: fc.Arbitrary<Value> = fc.oneof(
	{ weight: 3, arbitrary: fc.constantFrom(...scalars) },
	{ weight: 1, arbitrary: fc.constantFrom(...compounds) },
	// The same twice, and the most likely to be taken for two.
	{ weight: 1, arbitrary: fc.constantFrom<Value>({ a: 1, b: 2 }, { b: 2, a: 1 }) },
);

/** Keys that SQL, JSON and their paths use for something, each with how a path writes it. */
const keys = ["plan", "city", "a.b", 'q"x', "b'y", "$", "c]d", "e\\f", "é😀", "a b", "__proto__", "n\nl"];
const written = (key: string) => key.replaceAll(".", "\\.");
const inner = ["a", "b", "c.d"];
const key = fc.oneof(
	{ weight: 6, arbitrary: fc.constantFrom("plan", "city") },
	{ weight: 2, arbitrary: fc.constantFrom(...keys) },
);
const path = fc.oneof(
	{ weight: 4, arbitrary: key.map(written) },
	{ weight: 1, arbitrary: fc.tuple(key, fc.constantFrom(...inner)).map(([a, b]) => `${written(a)}.${written(b)}`) },
	{ weight: 1, arbitrary: key.map((own) => `${written(own)}.a.b`) },
);

const stored: fc.Arbitrary<Json> = fc.oneof(
	{ weight: 5, arbitrary: value },
	{ weight: 1, arbitrary: fc.constant(null) },
	{
		weight: 2,
		arbitrary: fc.dictionary(fc.constantFrom(...inner), fc.oneof(value, fc.constant(null)), {
			maxKeys: 3,
		}) as fc.Arbitrary<Json>,
	},
	{ weight: 1, arbitrary: fc.array(value, { maxLength: 3 }) },
);
/** Traits or properties as they are sent. */
export const bags: fc.Arbitrary<JsonObject> = fc.dictionary(key, stored, { maxKeys: 3 }) as fc.Arbitrary<JsonObject>;

const bound = fc.constantFrom<number | string>(
	0,
	1,
	1.5,
	2,
	2 ** 63,
	"2025-01-01",
	"2025-01-01T00:00:10.000Z",
	"2025-01-01T01:00:10+01:00",
);
const operation: fc.Arbitrary<Operation> = fc.oneof(
	value.map((eq) => ({ eq })),
	value.map((ne) => ({ ne })),
	fc.array(value, { maxLength: 5 }).map((list) => ({ in: list })),
	fc.boolean().map((exists) => ({ exists })),
	bound.map((gt) => ({ gt })),
	bound.map((gte) => ({ gte })),
	bound.map((lt) => ({ lt })),
	bound.map((lte) => ({ lte })),
	value.map((contains) => ({ contains })),
	fc.constantFrom("", "p", "pro", "1", "]$", "😀", "é").map((starts) => ({ starts })),
);

const predicate: fc.Arbitrary<Predicate> = fc.letrec<{ predicate: Predicate }>((tie) => ({
	predicate: fc.oneof(
		{ depthSize: "small", withCrossShrink: true },
		{ weight: 5, arbitrary: fc.tuple(path, operation).map(([prop, test]) => ({ prop, ...test })) },
		{ weight: 1, arbitrary: fc.array(tie("predicate"), { maxLength: 2 }).map((all) => ({ all })) },
		{ weight: 1, arbitrary: fc.array(tie("predicate"), { maxLength: 2 }).map((any) => ({ any })) },
		{ weight: 1, arbitrary: tie("predicate").map((not) => ({ not })) },
	),
})).predicate;

/** Names of events in the random streams: few, so that they follow one another. */
export const eventNames = ["A", "A", "A", "B", "B", "B", "page", 'C"$]'];
const did = fc.oneof(
	{ weight: 8, arbitrary: fc.constantFrom("A", "B") },
	{ weight: 3, arbitrary: fc.constantFrom("*", "identify", "page") },
	{ weight: 1, arbitrary: fc.constantFrom(...eventNames, "group", "screen", "nobody's") },
);
const durations = ["1s", "2s", "3s", "5s", "8s", "13s", "1m", "1h"];
const comparison = (numbers: readonly number[]): fc.Arbitrary<Comparison> =>
	fc
		.tuple(fc.constantFrom("eq", "ne", "gt", "gte", "lt", "lte"), fc.constantFrom(...numbers))
		.map(([operator, number]) => ({ [operator]: number }) as unknown as Comparison);

/** Leaves out what is undefined. */
const compact = <T extends object>(made: T): T =>
	Object.fromEntries(Object.entries(made).filter(([, part]) => part !== undefined)) as T;
const maybe = <T>(arbitrary: fc.Arbitrary<T>, inTen = 4): fc.Arbitrary<T | undefined> =>
	fc.oneof({ weight: 10 - inTen, arbitrary: fc.constant(undefined) }, { weight: inTen, arbitrary });
const where = maybe(predicate, 2);
const within = maybe(fc.constantFrom(...durations), 5);
const window = fc.oneof(
	within.map((one) => ({ within: one })),
	fc
		.tuple(fc.nat(7), fc.nat(7))
		.filter(([a, b]) => a !== b)
		.map(([a, b]) => ({ between: [durations[Math.max(a, b)], durations[Math.min(a, b)]] })),
);

const didCondition = fc
	.record({ did, where, count: maybe(comparison([0, 0, 1, 2, 3])), window })
	.map(({ window: times, ...rest }) => compact({ ...rest, ...times }) as DidCondition);
const aggregate = fc
	.record({
		did,
		agg: fc.constantFrom("sum", "avg", "min", "max", "unique_count"),
		of: path,
		value: comparison([0, 1, 1.5, 2, 3]),
		where,
		window,
	})
	.map(({ window: times, ...rest }) => compact({ ...rest, ...times }) as AggregateCondition);

const same = maybe(fc.constantFrom("plan", "city", "a\\.b"), 3);
const step: fc.Arbitrary<Step> = fc
	.record({ isNot: fc.nat(9), did, where, within, same })
	.map(
		({ isNot, did: name, ...rest }) => compact({ ...(isNot < 4 ? { not_did: name } : { did: name }), ...rest }) as Step,
	);
const sequence: fc.Arbitrary<Sequence> = fc
	.tuple(fc.record({ did, where, within }).map(compact), fc.array(step, { maxLength: 4 }))
	.map(
		([first, rest]) =>
			({ sequence: [first, ...rest.map((one, at) => withEnd(one, rest[at - 1], rest[at + 1]))] }) as Sequence,
	);

/** A `not_did` beside another one needs an end. */
function withEnd(own: Step, before: Step | undefined, after: Step | undefined): Step {
	const isNot = (one: Step | undefined) => one?.not_did !== undefined;
	if (!isNot(own) || own.within !== undefined || !(isNot(before) || isNot(after))) return own;
	return { ...own, within: "2s" };
}

export const filters: fc.Arbitrary<Filter> = fc.letrec<{ filter: Filter }>((tie) => ({
	filter: fc.oneof(
		{ depthSize: "small", withCrossShrink: true },
		{ weight: 4, arbitrary: fc.tuple(path, operation).map(([trait, test]) => ({ trait, ...test })) },
		{ weight: 4, arbitrary: didCondition },
		{ weight: 3, arbitrary: aggregate },
		{ weight: 4, arbitrary: sequence },
		{ weight: 2, arbitrary: fc.array(tie("filter"), { maxLength: 3 }).map((all) => ({ all })) },
		{ weight: 2, arbitrary: fc.array(tie("filter"), { maxLength: 3 }).map((any) => ({ any })) },
		{ weight: 2, arbitrary: tie("filter").map((not) => ({ not })) },
	),
})).filter;
