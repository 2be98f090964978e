import type { z } from "zod";
import { traitPathsOf } from "../../filter/leavesOf.ts";
import { operators } from "../../filter/operations.ts";
import { splitPath } from "../../filter/splitPath.ts";
import type { Filter, Predicate, Step } from "../../filter.ts";
import { filterLimits } from "../../limits.ts";
import { aggregateGrammar, filterGrammar } from "./filterGrammar.ts";

/** What is wrong with a filter, and where: keys and indexes from its top. */
export interface FilterFault {
	path: (string | number)[];
	/** Says what is expected there. */
	message: string;
}

/** More than anybody mends at once. */
const mostFaults = 5;
/** Levels of arrays and objects: what the conditions may have, and as much again for the values they compare with. */
const mostLevels = 64;

/** Checks a filter as it came; none: it is one. */
export function findFilterFaults(value: unknown): FilterFault[] {
	const deep = findTooDeep(value);
	if (deep) return [deep];
	const parsed = filterGrammar.safeParse(value);
	if (!parsed.success) return parsed.error.issues.flatMap((issue) => readIssue(issue, value)).slice(0, mostFaults);
	const measured = measure(parsed.data, [], 1);
	if (measured.tooDeep) {
		return [{ path: measured.tooDeep, message: `nests deeper than ${filterLimits.depth} levels of all, any and not` }];
	}
	const traits = new Set(traitPathsOf(parsed.data).map((path) => splitPath(path)[0]));
	if (traits.size > filterLimits.traits) {
		return [{ path: [], message: `asks about ${traits.size} traits, and ${filterLimits.traits} are allowed` }];
	}
	if (measured.cost <= filterLimits.cost) return [];
	const message = `asks for too much at once: it costs ${measured.cost}, and ${filterLimits.cost} are allowed. A condition costs 1, and 10 more where it looks through the events`;
	return [{ path: [], message }];
}

/** Finds what nests too deep to be looked at recursively, without recursion. */
function findTooDeep(value: unknown): FilterFault | null {
	const pending: { inner: unknown; path: (string | number)[] }[] = [{ inner: value, path: [] }];
	for (let next = pending.pop(); next; next = pending.pop()) {
		const { inner, path } = next;
		if (typeof inner !== "object" || inner === null) continue;
		if (path.length >= mostLevels) return { path: path.slice(0, 6), message: `nests deeper than ${mostLevels} levels` };
		for (const [key, deeper] of Object.entries(inner)) {
			if (typeof deeper === "object" && deeper !== null) {
				pending.push({ inner: deeper, path: [...path, Array.isArray(inner) ? Number(key) : key] });
			}
		}
	}
	return null;
}

interface Measure {
	cost: number;
	tooDeep: (string | number)[] | null;
}

function measure(condition: Filter | Predicate, path: (string | number)[], depth: number): Measure {
	if (depth > filterLimits.depth + 1) return { cost: 0, tooDeep: path };
	const total: Measure = { cost: 0, tooDeep: null };
	const add = (inner: Filter | Predicate | undefined, at: (string | number)[], deeper: number) => {
		if (inner === undefined) return;
		const { cost, tooDeep } = measure(inner, [...path, ...at], deeper);
		total.cost += cost;
		total.tooDeep ??= tooDeep;
	};
	if ("all" in condition) for (const [at, inner] of condition.all.entries()) add(inner, ["all", at], depth + 1);
	else if ("any" in condition) for (const [at, inner] of condition.any.entries()) add(inner, ["any", at], depth + 1);
	else if ("not" in condition) add(condition.not, ["not"], depth + 1);
	else if ("sequence" in condition) {
		for (const [at, step] of (condition.sequence as Step[]).entries()) {
			total.cost += 11;
			add(step.where, ["sequence", at, "where"], depth);
		}
	} else if ("did" in condition) {
		total.cost += 11;
		add(condition.where, ["where"], depth);
	} else total.cost += 1;
	return total;
}

type Issue = z.core.$ZodIssue;

/**
 * Of a union that fits nowhere, what is wrong with the one alternative that was meant. Zod itself picks one that fits but
 * for keys it does not know; where those are an aggregate's, that one was meant.
 */
function readIssue(issue: Issue, root: unknown): FilterFault[] {
	const path = issue.path.map((key) => (typeof key === "symbol" ? String(key) : key));
	if (issue.code === "unrecognized_keys" && issue.keys.some((key) => key === "agg" || key === "of")) {
		const again = aggregateGrammar.safeParse(nodeAt(root, path));
		return (again.error?.issues ?? []).flatMap((inner) =>
			readIssue({ ...inner, path: [...path, ...inner.path] }, root),
		);
	}
	if (issue.code !== "invalid_union" || issue.errors.length === 0 || issue.message !== "Invalid input") {
		return [{ path, message: issue.message }];
	}
	const node = nodeAt(root, path);
	const meant = findMeant(node, issue.errors.length);
	if (typeof meant === "string") return [{ path, message: meant }];
	const inner = issue.errors[meant] ?? [];
	return inner.flatMap((deeper) => readIssue({ ...deeper, path: [...path, ...deeper.path] }, root));
}

function nodeAt(root: unknown, path: readonly (string | number)[]): unknown {
	return path.reduce((value, key) => (value as Record<string | number, unknown>)[key], root);
}

const groups = ["all", "any", "not"];
const comparisons = ["eq", "ne", "gt", "gte", "lt", "lte"];
const predicateKinds = [...groups, "prop"];
const filterKinds = [...groups, "trait", "did", "sequence"];
const predicateBranches = groups.length + operators.length;

/** Which alternative of a union (known by how many it has) an object is meant to be; a sentence where that is not clear. */
function findMeant(node: unknown, branches: number): number | string {
	if (typeof node !== "object" || node === null || Array.isArray(node)) return "must be an object";
	if (branches === comparisons.length) return chooseOne(node, comparisons, "it compares with");
	if (branches === 2) return chooseOne(node, ["did", "not_did"], "a step is");
	const kinds = branches === predicateBranches ? predicateKinds : filterKinds;
	const kind = chooseOne(node, kinds, "a condition is");
	if (typeof kind === "string" || kind < groups.length) return kind;
	if (kind === groups.length) {
		const operator = chooseOne(node, operators, "it tests with");
		return typeof operator === "string" ? operator : groups.length + operator;
	}
	if (kinds[kind] === "sequence") return predicateBranches + 2;
	return predicateBranches + ("agg" in node || "of" in node || "value" in node ? 1 : 0);
}

function chooseOne(node: object, keys: readonly string[], what: string): number | string {
	const present = keys.filter((key) => key in node);
	if (present.length === 1) return keys.indexOf(present[0] as string);
	const has = present.length === 0 ? "" : `has ${present.join(" and ")}, but `;
	return `${has}${what} exactly one of ${keys.join(", ")}`;
}
