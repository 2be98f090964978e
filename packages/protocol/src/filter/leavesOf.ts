import type { AggregateCondition, DidCondition, Filter, Path, Predicate, Sequence, TraitCondition } from "../filter.ts";

/** The conditions of a filter that hold no others, in the order they stand there. */
function leavesOf(filter: Filter): (TraitCondition | DidCondition | AggregateCondition | Sequence)[] {
	if ("all" in filter) return filter.all.flatMap(leavesOf);
	if ("any" in filter) return filter.any.flatMap(leavesOf);
	return "not" in filter ? leavesOf(filter.not) : [filter];
}

/** The paths of all traits that a filter reads, each once. */
export function traitPathsOf(filter: Filter): Path[] {
	return [...new Set(leavesOf(filter).flatMap((leaf) => ("trait" in leaf ? [leaf.trait] : [])))];
}

/** What all `did` and `not_did` of a filter mean, each once. */
export function eventNamesOf(filter: Filter): string[] {
	const names = leavesOf(filter).flatMap((leaf) => {
		if ("sequence" in leaf)
			return leaf.sequence.map(({ did, ...step }) => did ?? (step as { not_did: string }).not_did);
		return "did" in leaf ? [leaf.did] : [];
	});
	return [...new Set(names)];
}

/** The paths of all properties that a condition on events reads, each once. */
export function propertyPathsOf(condition: DidCondition | AggregateCondition): Path[] {
	const own = "agg" in condition ? [condition.of] : [];
	return [...new Set([...own, ...(condition.where ? pathsOf(condition.where) : [])])];
}

function pathsOf(predicate: Predicate): Path[] {
	if ("all" in predicate) return predicate.all.flatMap(pathsOf);
	if ("any" in predicate) return predicate.any.flatMap(pathsOf);
	return "not" in predicate ? pathsOf(predicate.not) : [predicate.prop];
}

/** The conditions of a filter on events of one name each, without sequences. */
export function eventConditionsOf(filter: Filter): (DidCondition | AggregateCondition)[] {
	return leavesOf(filter).filter((leaf) => "did" in leaf);
}
