import type { EventType, Identifier } from "@selfsame/protocol";
import type { FeedItem, FeedPlace, IdentityDecision } from "@selfsame/store";
import type { Mask } from "../privacy/createMask.ts";

/** What a reader of the live stream wants to see. What is left out does not matter. */
export interface LiveFilter {
	verdict?: FeedItem["verdict"];
	source?: string;
	/** These three are about accepted events alone: of a rejected one it is not known. */
	type?: EventType;
	name?: string;
	/** A profile's id; null: of a profile that is not there yet. */
	profileId?: string | null;
}

/** A place as the id of a message, which a client sends back as `Last-Event-ID`. */
export const toMessageId = ({ seq, letter }: FeedPlace): string => `${seq}.${letter}`;

/** @returns null: that is no place. */
export function readMessageId(text: string): FeedPlace | null {
	const [, seq, letter] = /^(\d{1,15})\.(\d{1,15})$/.exec(text) ?? [];
	return seq === undefined || letter === undefined ? null : { seq: Number(seq), letter: Number(letter) };
}

/**
 * Items as the text of server-sent events. Where the last of them is filtered out, an id alone follows, so that whoever
 * comes back does not read them all again.
 */
export function toMessages(items: readonly FeedItem[], filter: LiveFilter, mask: Mask): string {
	const shown = items.filter((item) => matches(item, filter));
	const messages = shown.map(
		(item) => `id: ${toMessageId(item.place)}\ndata: ${JSON.stringify(toLine(item, mask))}\n\n`,
	);
	const last = items.at(-1);
	return messages.join("") + (last && last !== shown.at(-1) ? `id: ${toMessageId(last.place)}\n\n` : "");
}

function matches(item: FeedItem, { verdict, source, type, name, profileId }: LiveFilter): boolean {
	if (verdict !== undefined && item.verdict !== verdict) return false;
	if (item.verdict === "rejected") {
		const isAny = type === undefined && name === undefined && profileId === undefined;
		return isAny && (source === undefined || item.letter.source === source);
	}
	const { event } = item;
	if (source !== undefined && event.source !== source) return false;
	if (type !== undefined && event.type !== type) return false;
	if (name !== undefined && (event.event ?? event.name) !== name) return false;
	return profileId === undefined || (profileId !== null && item.profileId === profileId);
}

function toLine(item: FeedItem, mask: Mask) {
	if (item.verdict === "rejected") {
		const { receivedAt, ...letter } = mask.letter(item.letter);
		return { verdict: item.verdict, ...letter, receivedAt: new Date(receivedAt).toISOString() };
	}
	const { verdict, place, profileId, event, identity } = item;
	return { verdict, seq: place.seq, profileId, event: mask.event(event), identity: maskDecision(identity, mask) };
}

function maskDecision({ identifiers, changes, refused }: IdentityDecision, mask: Mask): IdentityDecision {
	const hide = <T extends Identifier | null>(own: T): T => (own && mask.identifier(own)) as T;
	return {
		identifiers: identifiers.map(hide),
		changes: changes.map((change) => ({ ...change, identifier: hide(change.identifier), other: hide(change.other) })),
		refused:
			refused?.map((refusal) => ({ ...refusal, identifier: hide(refusal.identifier), from: hide(refusal.from) })) ??
			null,
	};
}
