import {
	comparePositions,
	compareUtf8,
	type IdentityConfig,
	normaliseEmail,
	normaliseValue,
	type Position,
	priorityOf,
} from "@selfsame/identity";
import type { Identifier, Profile } from "@selfsame/protocol";
import { parse } from "uuid";
import type { ProfileRef } from "../port.ts";
import { identifierKey, profileIdOf } from "./hashes.ts";
import { flag } from "./identifierRows.ts";
import type { NamedRow, OwnedSpan, Ownership } from "./ownership.ts";
import { insideSpanAsOf, iso, isWhole, type ProfileParts } from "./profileParts.ts";
import { firstPosition, type Seen, seen, seenEver } from "./sightings.ts";
import { createTraitReader } from "./traitReader.ts";
import { get, pluck, type Work } from "./work.ts";

const readAs = (reading: string, other: string) => `SELECT i.id FROM aliases a JOIN identifiers i ON i.id = a.${other}
	WHERE a.${reading} = ? AND a.seq > 0 AND i.died_at IS NULL LIMIT 1`;
const anonymousReading = readAs("previous_user", "previous_anonymous");
const userReading = readAs("previous_anonymous", "previous_user");

/** Reads profiles off evidence and ownership. Everything shown is computed here; nothing is stored twice. */
export function createProfileReader(config: IdentityConfig, ownership: Ownership) {
	const { leads, ...traits } = createTraitReader(ownership);

	function* countIn(span: OwnedSpan, asOf?: number): Work<Seen & { count: number }> {
		if (!(yield* leads(span.identifier))) return { count: 0, first: null, last: null };
		const { where, values } = insideSpanAsOf(span, asOf);
		const sql = `SELECT count(*) AS count, min(e.ts) AS first, max(e.ts) AS last FROM events e WHERE ${where}`;
		return (yield* get<Seen & { count: number }>(sql, ...values)) as Seen & { count: number };
	}

	function* hasEvent({ owned, asOf }: ProfileParts): Work<boolean> {
		for (const span of owned) {
			const { where, values } = insideSpanAsOf(span, asOf);
			if ((yield* pluck(`SELECT 1 FROM events e WHERE ${where} LIMIT 1`, ...values)) !== undefined) return true;
		}
		return false;
	}

	/** The identifier that names a profile: the earliest of its best type. */
	function* naming(held: readonly NamedRow[], asOf?: number): Work<NamedRow> {
		const rank = (row: NamedRow) => priorityOf(config, row.type);
		const best = [...held].sort((a, b) => rank(a) - rank(b) || compareUtf8(a.type, b.type))[0] as NamedRow;
		const candidates = held.filter(({ type }) => type === best.type);
		if (candidates.length === 1) return best;
		const placed: { row: NamedRow; at: Position }[] = [];
		for (const row of candidates) placed.push({ row, at: yield* firstPosition(row, asOf) });
		return placed.sort((a, b) => comparePositions(a.at, b.at) || compareUtf8(a.row.value ?? "", b.row.value ?? ""))[0]
			?.row as NamedRow;
	}

	/** The profile's names now held, best first; those whose value was deleted are nobody's to see. */
	function* heldOf({ owned }: ProfileParts): Work<NamedRow[]> {
		const held = new Map<number, NamedRow>();
		for (const { identifier, to } of owned) if (!to) held.set(identifier, yield* ownership.row(identifier));
		const rank = (row: NamedRow) => priorityOf(config, row.type);
		return [...held.values()]
			.filter((row) => row.value !== null)
			.sort(
				(a, b) => rank(a) - rank(b) || compareUtf8(a.type, b.type) || compareUtf8(a.value as string, b.value as string),
			);
	}

	/** @param led what is known of the events that some of them lead. */
	function* identifiersOf(
		parts: ProfileParts,
		led: ReadonlyMap<number, Seen> = new Map(),
	): Work<Profile["identifiers"]> {
		const { asOf } = parts;
		const shown: Profile["identifiers"] = [];
		for (const row of yield* heldOf(parts)) {
			const { first, last } = yield* asOf === undefined ? seenEver(row, led.get(row.id)) : seen(row, asOf);
			if (first === null || last === null) continue;
			shown.push({ type: row.type, value: row.value as string, firstSeen: iso(first), lastSeen: iso(last) });
		}
		return shown;
	}

	function* pastIdentifiersOf({ owned }: ProfileParts): Work<Profile["pastIdentifiers"]> {
		const past = new Map<number, OwnedSpan>();
		const held = new Set(owned.filter(({ to }) => !to).map(({ identifier }) => identifier));
		for (const span of owned) {
			if (held.has(span.identifier)) continue;
			const known = past.get(span.identifier);
			past.set(span.identifier, known ? { ...known, to: span.to } : span);
		}
		const shown: Profile["pastIdentifiers"] = [];
		for (const { identifier, from, to } of past.values()) {
			const { type, value } = yield* ownership.row(identifier);
			if (value === null) continue;
			shown.push({ type, value, from: from && iso(from.timestamp), to: iso((to as Position).timestamp) });
		}
		return shown.sort((a, b) => compareUtf8(a.type, b.type) || compareUtf8(a.value, b.value));
	}

	/** The id of a profile, of whose names those in `shown` have been seen. */
	function* idFrom(parts: ProfileParts, shown: readonly Identifier[]): Work<string> {
		const visible = new Set(shown.map(({ type, value }) => `${type}\n${value}`));
		const held = (yield* heldOf(parts)).filter(({ type, value }) => visible.has(`${type}\n${value}`));
		const { type, value } = yield* naming(held, parts.asOf);
		return profileIdOf({ type, value: value as string });
	}

	function* groupsOf(parts: ProfileParts): Work<Profile["groups"]> {
		const groups: Profile["groups"] = [];
		for (const id of yield* traits.groupIdsOf(parts)) {
			groups.push({ id, traits: yield* traits.groupTraits(id, parts.asOf) });
		}
		return groups;
	}

	/** Whether any event carries an identifier; one that only a correction names is nobody's. */
	function* isSeen(id: number, asOf?: number): Work<boolean> {
		const row = yield* ownership.row(id);
		return (asOf === undefined && (row.flags & flag.seen) !== 0) || (yield* seen(row, asOf)).first !== null;
	}

	/** What a `previousId` is under its other reading; undefined where the identifier is none. */
	function* otherReading(id: number): Work<number | undefined> {
		const { type } = yield* ownership.row(id);
		if (type === "user_id") return yield* pluck<number>(anonymousReading, id);
		return type === "anonymous_id" ? yield* pluck<number>(userReading, id) : undefined;
	}

	return {
		...traits,
		naming,
		heldOf,
		countIn,
		groupsOf,

		/**
		 * The row that a reference names, where it is or was anybody's. An id that came from a `previousId` under one reading
		 * goes on to name it when it turns out to be the other.
		 */
		*find(ref: ProfileRef, asOf?: number): Work<number | undefined> {
			const key = "id" in ref ? profileKey(ref.id) : identifierKeyOf(ref);
			if (key === null) return undefined;
			const id = yield* pluck<number>("SELECT id FROM identifiers WHERE key = ? AND died_at IS NULL", key);
			if (id === undefined || !("id" in ref) || (yield* isSeen(id, asOf))) return id;
			return (yield* otherReading(id)) ?? id;
		},

		isSeen,

		/** The id alone of `profile`, as of now. */
		*idOf(parts: ProfileParts): Work<string | null> {
			const shown = yield* identifiersOf(parts);
			return shown.length > 0 && (yield* hasEvent(parts)) ? yield* idFrom(parts, shown) : null;
		},

		/** Whether there is anything to show: an event, and a name. */
		*exists(parts: ProfileParts): Work<boolean> {
			for (const row of yield* heldOf(parts)) {
				if ((yield* seen(row, parts.asOf)).first !== null) return yield* hasEvent(parts);
			}
			return false;
		},

		/** Null where nothing is left to show: no event, or no name. */
		*profile(parts: ProfileParts): Work<Profile | null> {
			const counts: (Seen & { count: number })[] = [];
			const led = new Map<number, Seen>();
			for (const span of parts.owned) {
				const counted = yield* countIn(span, parts.asOf);
				counts.push(counted);
				if (isWhole(span)) led.set(span.identifier, counted);
			}
			const eventCount = counts.reduce((sum, { count }) => sum + count, 0);
			const identifiers = yield* identifiersOf(parts, led);
			if (eventCount === 0 || identifiers.length === 0) return null;
			const firsts = counts.flatMap(({ first }) => (first === null ? [] : [first]));
			const lasts = counts.flatMap(({ last }) => (last === null ? [] : [last]));
			return {
				id: yield* idFrom(parts, identifiers),
				identifiers,
				pastIdentifiers: yield* pastIdentifiersOf(parts),
				traits: yield* traits.traitsOf(parts),
				groups: yield* groupsOf(parts),
				eventCount,
				firstSeen: iso(Math.min(...firsts)),
				lastSeen: iso(Math.max(...lasts)),
			};
		},
	};
}

export type ProfileReader = ReturnType<typeof createProfileReader>;

function profileKey(id: string): Buffer | null {
	try {
		return id.startsWith("pro_") ? Buffer.from(parse(id.slice(4))) : null;
	} catch {
		return null;
	}
}

/** Readers may write an id as clients do: with spaces, quotes or capitals around an email. */
function identifierKeyOf({ type, value }: Identifier): Buffer | null {
	const normal = type === "email" ? normaliseEmail(value) : normaliseValue(value);
	return normal === null ? null : identifierKey({ type, value: normal });
}
