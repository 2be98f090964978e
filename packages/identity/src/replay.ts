import { comparePositions, type Position } from "./order.ts";

/** One event as far as identity goes: who led it, and whom the lead links, best first. */
export interface Evidence {
	/** The event's number in the store. */
	seq: number;
	position: Position;
	/** Identifier ids, as the store numbers them. */
	lead: number;
	others: readonly number[];
}

/** From a position on (null: from the beginning) an identifier belongs to an owner. */
export interface Span {
	from: Position | null;
	/**
	 * The id of an identifier that stands for the owner: the user where the owner has one, else the identifier that the
	 * owner's profile began with.
	 */
	owner: number;
}

/** A link that the rule made: two profiles became one. */
export interface Link {
	evidence: Evidence;
	/** Which of `evidence.others`. */
	identifier: number;
}

/** A link that the rule did not make as asked. */
export interface Refusal extends Link {
	/** `limit`: it does not fit. `moved`: the two profiles stay apart, the identifier alone changes hands. */
	reason: "limit" | "moved";
}

/** A profile at the end of its history, so that evidence after that need not begin again. */
export interface Tail {
	/** How many identifiers of each type with a limit it holds. */
	held: Readonly<Record<string, number>>;
	/** The last evidence that has to do with it. */
	at: Position;
}

export interface Replay {
	/** Consecutive spans of one identifier have different owners; the first is from the beginning. */
	spans: Map<number, Span[]>;
	refused: Refusal[];
	links: Link[];
	/** How each profile ended that evidence was about, by whoever stands for it. */
	tails: Map<number, Tail>;
}

/** What the rule must know of identifiers. */
export interface Kinds {
	/** The type of an identifier, such as `email`. */
	typeOf(identifier: number): string;
	/** How many identifiers of a type one profile may hold; null is no limit. */
	limitOf(type: string): number | null;
}

/** A profile in the making. Unions make a tree of these; the root speaks for all. */
interface Node {
	/** The identifier it began with. */
	founder: number;
	user: number | null;
	/** How many identifiers of each limited type it holds now. */
	held: Map<string, number>;
	/** The profile that a union made it part of. */
	parent: Node | null;
	/** The last evidence about it so far. */
	at: Position | null;
}

/**
 * The rule, as if all events were processed in order: steps 1 and 2 of docs/decisions/identity-rule.md.
 *
 * An identifier without an owner is taken for a profile of its own that holds nothing else: no step can tell the two
 * apart, since it joins another profile under the same condition, and has no events to bring along.
 */
export function replay(evidence: readonly Evidence[], kinds: Kinds): Replay {
	const ordered = [...evidence].sort((a, b) => comparePositions(a.position, b.position));
	const timelines = new Map<number, { from: Position | null; node: Node }[]>();
	const refused: Refusal[] = [];
	const links: Link[] = [];

	const timelineOf = (identifier: number) => {
		let timeline = timelines.get(identifier);
		if (!timeline) {
			timeline = [{ from: null, node: foundProfile(identifier, kinds) }];
			timelines.set(identifier, timeline);
		}
		return timeline;
	};
	const ownerOf = (identifier: number): Node => rootOf((timelineOf(identifier).at(-1) as { node: Node }).node);

	for (const evidence of ordered) {
		const { position, lead, others } = evidence;
		for (const identifier of others) {
			const mine = ownerOf(lead);
			const theirs = ownerOf(identifier);
			mine.at = position;
			theirs.at = position;
			if (mine === theirs) continue;
			const type = kinds.typeOf(identifier);
			if (unionFits(mine, theirs, kinds)) {
				unite(mine, theirs);
				links.push({ evidence, identifier });
			} else if (fits(mine, type, kinds)) {
				move(type, theirs, mine, kinds);
				timelineOf(identifier).push({ from: position, node: mine });
				refused.push({ evidence, identifier, reason: "moved" });
			} else {
				refused.push({ evidence, identifier, reason: "limit" });
			}
		}
	}
	return { spans: settle(timelines), refused, links, tails: tailsOf(timelines) };
}

function foundProfile(identifier: number, kinds: Kinds): Node {
	const type = kinds.typeOf(identifier);
	const held = new Map<string, number>();
	if (kinds.limitOf(type) !== null) held.set(type, 1);
	return { founder: identifier, user: type === "user_id" ? identifier : null, held, parent: null, at: null };
}

/** The profile that a profile has become part of; shortens the way for the next time. */
function rootOf(node: Node): Node {
	let top = node;
	while (top.parent) top = top.parent;
	for (let step = node; step.parent; ) {
		const next: Node = step.parent;
		step.parent = top;
		step = next;
	}
	return top;
}

/** Whether two profiles may become one: together they hold no more of any type than one profile may. */
function unionFits(a: Node, b: Node, kinds: Kinds): boolean {
	for (const [type, count] of b.held) {
		const limit = kinds.limitOf(type);
		if (limit !== null && count > 0 && (a.held.get(type) ?? 0) + count > limit) return false;
	}
	return true;
}

/** Whether a profile has room for one more identifier of a type. */
function fits(profile: Node, type: string, kinds: Kinds): boolean {
	const limit = kinds.limitOf(type);
	return limit === null || (profile.held.get(type) ?? 0) < limit;
}

function unite(into: Node, from: Node): void {
	from.parent = into;
	into.user ??= from.user;
	for (const [type, count] of from.held) into.held.set(type, (into.held.get(type) ?? 0) + count);
}

function move(type: string, from: Node, to: Node, kinds: Kinds): void {
	if (kinds.limitOf(type) === null) return;
	from.held.set(type, (from.held.get(type) ?? 0) - 1);
	to.held.set(type, (to.held.get(type) ?? 0) + 1);
}

/** Names each owner as it ended, since a union is for all time: earlier events came along. */
function settle(timelines: Map<number, { from: Position | null; node: Node }[]>): Map<number, Span[]> {
	const spans = new Map<number, Span[]>();
	for (const [identifier, steps] of timelines) {
		const list: Span[] = [];
		for (const { from, node } of steps) {
			const top = rootOf(node);
			const owner = top.user ?? top.founder;
			if (list.at(-1)?.owner !== owner) list.push({ from, owner });
		}
		spans.set(identifier, list);
	}
	return spans;
}

function tailsOf(timelines: Map<number, { node: Node }[]>): Map<number, Tail> {
	const tails = new Map<number, Tail>();
	for (const steps of timelines.values()) {
		for (const { node } of steps) {
			const { user, founder, held, at } = rootOf(node);
			const owner = user ?? founder;
			if (at === null || tails.has(owner)) continue;
			const counts = [...held].filter(([type, count]) => type !== "user_id" && count > 0);
			tails.set(owner, { held: Object.fromEntries(counts), at });
		}
	}
	return tails;
}
