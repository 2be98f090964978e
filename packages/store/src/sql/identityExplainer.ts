import { comparePositions, type Position } from "@selfsame/identity";
import type { Identifier, IdentityView } from "@selfsame/protocol";
import type { HistoryReader } from "./historyReader.ts";
import { nameOf, type OwnedSpan, type Ownership } from "./ownership.ts";
import { iso } from "./profileParts.ts";
import type { ProfileReader } from "./profileReader.ts";
import type { Work } from "./work.ts";

export interface ExplainerDeps {
	ownership: Ownership;
	profiles: ProfileReader;
	history: HistoryReader;
}

interface Told {
	position: Position;
	seq: number;
}

const byPlace = (x: Told, y: Told) => comparePositions(x.position, y.position) || x.seq - y.seq;

const about = ({ position }: Told) => ({
	messageId: position.messageId,
	source: position.source,
	timestamp: iso(position.timestamp),
});

/** Says why a profile holds what it holds, by the evidence, and what it was refused. */
export function createIdentityExplainer({ ownership, profiles, history }: ExplainerDeps) {
	function* named(id: number): Work<Identifier | null> {
		return nameOf(yield* ownership.row(id));
	}

	return {
		/** Of the profile that an identifier belongs to, as of a time (ms) or now. */
		*explain(id: number, asOf?: number): Work<IdentityView> {
			const past = yield* history.read([id], asOf);
			const owned = past.ownedBy(past.ownerOf(id));
			const identifiers: Identifier[] = [];
			for (const { id: held, type, value } of yield* profiles.heldOf({ owned })) {
				// A user whom only a correction names is held, and nobody's to see.
				if (yield* profiles.isSeen(held, asOf)) identifiers.push({ type, value: value as string });
			}
			const links: IdentityView["links"] = [];
			const linked = past.resolution.links.filter((link) => isOwnedAt(owned, link.a, link.position)).sort(byPlace);
			for (const link of linked) {
				const [a, b] = [yield* named(link.a), yield* named(link.b)];
				if (a && b) links.push({ a, b, ...about(link), kind: link.kind });
			}
			const refused: IdentityView["refused"] = [];
			const inVain = past.resolution.refused.filter(({ from, position }) => isOwnedAt(owned, from, position));
			for (const refusal of inVain.sort(byPlace)) {
				const [identifier, from] = [yield* named(refusal.identifier), yield* named(refusal.from)];
				if (identifier && from) refused.push({ identifier, from, ...about(refusal), reason: refusal.reason });
			}
			return { identifiers, links, refused };
		},
	};
}

/** Whether an identifier was some profile's at an instant. */
function isOwnedAt(owned: readonly OwnedSpan[], identifier: number, at: Position): boolean {
	return owned.some(
		(span) =>
			span.identifier === identifier &&
			(!span.from || comparePositions(span.from, at) <= 0) &&
			(!span.to || comparePositions(at, span.to) < 0),
	);
}
