import { z } from "zod";
import type { Json } from "../../event.ts";
import { operators } from "../../filter/operations.ts";
import { parseDate } from "../../filter/parseDate.ts";
import { parseDuration } from "../../filter/parseDuration.ts";
import type {
	AggregateCondition,
	Comparison,
	DidCondition,
	Filter,
	Operation,
	Operator,
	Predicate,
	PropertyCondition,
	Sequence,
	TraitCondition,
	Value,
} from "../../filter.ts";
import { filterLimits } from "../../limits.ts";

const { width, choices, steps, textLength } = filterLimits;

const tooLong = `must have at most ${textLength} characters`;
const text = z.string().max(textLength, tooLong);
const name = text.min(1, 'must be the name of an event, or "*" for any');
// A dot after a backslash is part of its key. Each character can be read in one way only, so that no text takes long.
const key = String.raw`(?:\\\.|(?!\\\.)[^.])+`;
const path = text
	.regex(new RegExp(`^${key}(?:\\.${key})*$`, "u"), "must be keys joined by single dots; write \\. for a dot in a key")
	.meta({ description: "Keys joined by dots; `\\.` is a dot inside a key." });
const duration = z
	.string()
	.regex(/^\d{1,7}[smhdw]$/, 'must be a duration such as "4h" or "30d": s, m, h, d or w')
	.meta({ description: "`90s`, `15m`, `4h`, `30d`, `2w`." });
const isoDate = z
	.string()
	.max(64)
	.refine((date) => parseDate(date) !== null, 'must be a number or an ISO 8601 date such as "2026-01-31"')
	.meta({ description: "An ISO 8601 date, with or without a time. Without a zone it is UTC." });

const notNull = 'must not be null, which is no value: ask for {"exists": false}';
export const jsonGrammar: z.ZodType<Json> = z
	.lazy(() =>
		z.union([z.string(), z.number(), z.boolean(), z.null(), z.array(jsonGrammar), z.record(z.string(), jsonGrammar)]),
	)
	.meta({ id: "Json", description: "Any JSON value." });
const value: z.ZodType<Value> = z.union(
	[text, z.number(), z.boolean(), z.array(jsonGrammar), z.record(z.string(), jsonGrammar)],
	{
		error: (issue) => (issue.input == null ? notNull : undefined),
	},
);
const ordered = z.union([z.number(), isoDate], { error: 'must be a number or an ISO 8601 date such as "2026-01-31"' });

const operands = {
	eq: value,
	ne: value,
	in: z.array(value).max(choices, `must have at most ${choices} values`),
	exists: z.boolean(),
	gt: ordered,
	gte: ordered,
	lt: ordered,
	lte: ordered,
	contains: value,
	starts: text,
} satisfies Record<Operator, z.ZodType>;

/** One object for each operation, so that exactly one of them can stand there. */
const tests = <C extends Operation>(subject: "trait" | "prop") =>
	operators.map((operator) => z.strictObject({ [subject]: path, [operator]: operands[operator] })) as unknown as [
		z.ZodType<C>,
		...z.ZodType<C>[],
	];

const comparisons = ["eq", "ne", "gt", "gte", "lt", "lte"] as const;
const comparisonWith = (number: z.ZodType<number>) =>
	z.union(comparisons.map((operator) => z.strictObject({ [operator]: number }))) as unknown as z.ZodType<Comparison>;
const count = comparisonWith(z.int("must be a whole number").min(0, "must be 0 or more"));

const list = <C extends z.ZodType>(condition: C) =>
	z.array(condition).max(width, `must have at most ${width} conditions`);

/** The branches of a union in the order of the union, by what tells them apart: see `findFilterFaults`. */
export const predicateGrammar: z.ZodType<Predicate> = z
	.lazy(() =>
		z.union([
			z.strictObject({ all: list(predicateGrammar) }),
			z.strictObject({ any: list(predicateGrammar) }),
			z.strictObject({ not: predicateGrammar }),
			...tests<PropertyCondition>("prop"),
		]),
	)
	.meta({ id: "FilterPredicate", description: "What an event's properties must be like." });

const where = predicateGrammar.optional();
const within = duration.optional();
const between = z
	.tuple([duration, duration])
	.refine(
		([older, newer]) => (parseDuration(older) ?? 0) > (parseDuration(newer) ?? 0),
		'must be two durations, the longer one first: ["30d", "7d"] is from 30 to 7 days ago',
	)
	.meta({ description: "`[older, newer)` ago: the first is the longer one." })
	.optional();
const oneWindow = ({ within: one, between: other }: { within?: unknown; between?: unknown }) =>
	one === undefined || other === undefined;
const oneWindowOnly = { error: "has both `within` and `between`: give one of them", path: ["between"] };
const notBoth = { not: { required: ["within", "between"] } };

const didGrammar = z
	.strictObject({ did: name, where, within, between, count: count.optional() })
	.refine(oneWindow, oneWindowOnly)
	.meta({ ...notBoth }) as unknown as z.ZodType<DidCondition>;

export const aggregateGrammar = z
	.strictObject({
		did: name,
		agg: z.enum(["sum", "avg", "min", "max", "unique_count"], {
			error: "must be one of sum, avg, min, max, unique_count",
		}),
		of: path,
		value: comparisonWith(z.number()),
		where,
		within,
		between,
	})
	.refine(oneWindow, oneWindowOnly)
	.meta({ ...notBoth }) as unknown as z.ZodType<AggregateCondition>;

const firstStep = z.strictObject({ did: name, where, within });
const stepParts = { where, within, same: path.optional() };
const stepGrammar = z.union([
	z.strictObject({ did: name, ...stepParts }),
	z.strictObject({ not_did: name, ...stepParts }),
]);

/** Where the end of a `not_did` without `within` could not be told. */
function findEndless(sequence: readonly { not_did?: unknown; within?: unknown }[]): number {
	const isNot = (at: number) => sequence[at]?.not_did !== undefined;
	return sequence.findIndex(
		({ within: end }, at) => isNot(at) && end === undefined && (isNot(at - 1) || isNot(at + 1)),
	);
}

const sequenceGrammar = z.strictObject({
	sequence: z
		.tuple([firstStep], stepGrammar)
		.superRefine((sequence, context) => {
			if (sequence.length > steps) context.addIssue({ code: "custom", message: `must have at most ${steps} steps` });
			const at = findEndless(sequence);
			if (at >= 0) {
				const message = "needs a `within`, since it stands next to another `not_did`";
				context.addIssue({ code: "custom", path: [at], message });
			}
		})
		.meta({ minItems: 1, maxItems: steps }),
}) as unknown as z.ZodType<Sequence>;

/** What a filter is, as its JSON Schema says it. Errors are better read from `filterSchema`. */
export const filterGrammar: z.ZodType<Filter> = z
	.lazy(() =>
		z.union([
			z.strictObject({ all: list(filterGrammar) }),
			z.strictObject({ any: list(filterGrammar) }),
			z.strictObject({ not: filterGrammar }),
			...tests<TraitCondition>("trait"),
			didGrammar,
			aggregateGrammar,
			sequenceGrammar,
		]),
	)
	.meta({ id: "Filter", description: "A condition on profiles." });
