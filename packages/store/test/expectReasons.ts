import type { Identifier } from "@selfsame/protocol";
import type { Store } from "@selfsame/store";
import { expect } from "vitest";
import type { Snapshot } from "./reference/createReference.ts";
import { nameOf } from "./reference/toProfiles.ts";

/**
 * Which links a store names is its own choice where several would do. But they must name events that it has, and must
 * lead from each identifier of the profile to each other.
 */
export async function expectReasons(
	store: Store,
	{ profiles }: Snapshot,
	options: { anyDeleted: boolean },
): Promise<void> {
	const stored = new Set(profiles.flatMap(({ events }) => events));
	for (const { profile } of profiles) {
		const view = await store.explainIdentity({ id: profile.id });
		const identifiers = profile.identifiers.map(({ type, value }) => ({ type, value }));
		expect(view?.identifiers, "identifiers").toEqual(identifiers);
		const links = view?.links ?? [];
		for (const link of links) {
			if (link.kind !== "merge") expect(stored, "a link's event").toContain(`${link.source}/${link.messageId}`);
		}
		// What connected two identifiers may have moved away, or have been deleted.
		if (options.anyDeleted || profile.pastIdentifiers.length > 0) continue;
		expect(reachable(identifiers, links), "what the links connect").toEqual(new Set(identifiers.map(nameOf)));
	}
}

function reachable(
	identifiers: readonly Identifier[],
	links: readonly { a: Identifier; b: Identifier }[],
): Set<string> {
	const reached = new Set(identifiers.slice(0, 1).map(nameOf));
	for (let before = 0; before < reached.size; ) {
		before = reached.size;
		for (const { a, b } of links) {
			if (reached.has(nameOf(a))) reached.add(nameOf(b));
			if (reached.has(nameOf(b))) reached.add(nameOf(a));
		}
	}
	return reached;
}
