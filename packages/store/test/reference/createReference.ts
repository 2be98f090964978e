import type { IdentityConfig } from "@selfsame/identity";
import type { AcceptedEvent, Identifier, IngestResult, JsonObject } from "@selfsame/protocol";
import type { Correction } from "@selfsame/store";
import { evidenceOf } from "./evidence.ts";
import { compareBytes } from "./order.ts";
import { type Replay, replay } from "./replay.ts";
import { type MadeCorrection, plainRules, type Rules, type Tombstone } from "./rules.ts";
import { eventName, groupTraits, nameOf, type ProfileState, toProfiles } from "./toProfiles.ts";

interface GroupState {
	id: string;
	traits: JsonObject;
	/** Profile ids, sorted. */
	members: string[];
}

export interface Snapshot {
	/** By `type:value`: the id of the profile that a ref resolves to. Identifiers nobody holds are left out. */
	holders: Record<string, string>;
	profiles: ProfileState[];
	groups: GroupState[];
}

export interface Counts {
	events: number;
	profiles: number;
	duplicates: number;
	unattributed: number;
	suppressed: number;
	erased: number;
}

export interface ReferenceOptions {
	/** A mutant's rules; the true ones when left out. */
	rules?: Rules;
	/** The profile id that comes from an identifier; `type:value` when left out. */
	idOf?: (identifier: Identifier) => string;
}

/** What a `previousId` of the same value is under its other reading. Nobody may have it: then it goes with the first. */
const otherReading = ({ type, value }: Identifier): Identifier[] => {
	if (type === "user_id") return [{ type: "anonymous_id", value }];
	return type === "anonymous_id" ? [{ type: "user_id", value }] : [];
};

/**
 * What every driver must answer, computed from the whole set of events each time. No index, no state that grows with
 * what is asked: only the events, the corrections, and what deletions left behind.
 */
export function createReference(config: IdentityConfig, { rules = plainRules, idOf = nameOf }: ReferenceOptions = {}) {
	let events: AcceptedEvent[] = [];
	const corrections: MadeCorrection[] = [];
	const acknowledged = new Set<string>();
	const tombstones: Tombstone[] = [];
	const suppressions: (Identifier & { at: number })[] = [];
	/** When each identifier was deleted, by `type:value`, and as which deletion of all. */
	const deletions = new Map<string, { at: number; number: number }[]>();
	let deletionsMade = 0;
	/** How many deletions had been made when an event came. */
	const arrivals = new Map<AcceptedEvent, number>();
	/** Group events of the deleted: what they wrote about their groups stays. */
	const orphanedWrites: AcceptedEvent[] = [];
	const counts = { duplicates: 0, suppressed: 0, erased: 0 };

	const deletionsOf = (identifier: Identifier) => deletions.get(nameOf(identifier)) ?? [];
	/** An event that outlives a deletion keeps the identifiers it came with; one that comes later goes by its time. */
	const keyAt = (identifier: Identifier, moment: AcceptedEvent | number) => {
		const [time, known] =
			typeof moment === "number" ? [moment, deletionsMade] : [moment.timestamp, arrivals.get(moment) ?? deletionsMade];
		const before = deletionsOf(identifier).filter(({ at, number }) => at <= time && number < known);
		return `${nameOf(identifier)}#${rules.deletionStartsAnew ? before.length : 0}`;
	};
	const newestKey = (identifier: Identifier) => keyAt(identifier, Number.POSITIVE_INFINITY);

	function run(asOf = Number.POSITIVE_INFINITY): Replay {
		return replay({
			events: events.filter(({ timestamp }) => timestamp <= asOf),
			corrections: corrections.filter(({ at }) => at <= asOf),
			keyAt,
			config,
			rules,
		});
	}

	function verdict(event: AcceptedEvent): IngestResult["verdict"] {
		const name = eventName(event);
		if (acknowledged.has(name)) return "duplicate";
		acknowledged.add(name);
		const lead = evidenceOf(event, config).identifiers[0];
		if (lead !== undefined) {
			const key = keyAt(lead, event);
			if (tombstones.some((tombstone) => rules.isErased(event, key, tombstone))) return "erased";
			const isTheirs = ({ type, value, at }: Identifier & { at: number }) =>
				type === lead.type && value === lead.value && event.timestamp >= at;
			if (suppressions.some(isTheirs)) return "suppressed";
		}
		events.push(event);
		arrivals.set(event, deletionsMade);
		return "accepted";
	}

	/** Whether an event is evidence that a correction names, whether it counts or not. */
	const isNamedBy = (event: AcceptedEvent, correction: Correction) => {
		const { identifiers, userId, previousId } = evidenceOf(event, config);
		const asked = { ...correction, at: 0, before: Number.POSITIVE_INFINITY };
		const [lead, ...others] = identifiers;
		if (lead === undefined) return false;
		if (previousId !== undefined) {
			if (plainRules.isUnmerged(event, [userId as string, previousId], asked)) return true;
			others.push({ type: "user_id", value: previousId }, { type: "anonymous_id", value: previousId });
		}
		return others.some((other) => plainRules.isUnlinked(event, lead, other, asked));
	};

	const groupOf = (event: AcceptedEvent) => evidenceOf(event, config).groupId;
	function groupWrites(state: Replay, asOf: number): Map<string, JsonObject> {
		const writes = [...orphanedWrites.filter(({ timestamp }) => timestamp <= asOf)];
		for (const person of state.people) writes.push(...person.events);
		const ids = new Set(writes.map(groupOf).filter((id) => id !== undefined));
		const writesOf = (id: string) => writes.filter((event) => groupOf(event) === id);
		return new Map([...ids].map((id) => [id, groupTraits(writesOf(id), rules)]));
	}

	function snapshot(asOf = Number.POSITIVE_INFINITY): Snapshot {
		const state = run(asOf);
		const groups = groupWrites(state, asOf);
		const isVisible = (key: string) => {
			const identifier = state.seen.get(key)?.identifier;
			return identifier === undefined || key === newestKey(identifier);
		};
		const profiles = toProfiles({ replay: state, groups, isVisible, idOf, config, rules });
		const isMember = (id: string) => (one: ProfileState) => one.profile.groups.some((group) => group.id === id);
		const holders = profiles.flatMap(({ profile: { id, identifiers } }) => identifiers.map((one) => [nameOf(one), id]));
		return {
			holders: Object.fromEntries(holders),
			profiles,
			groups: [...groups]
				.map(([id, traits]) => ({ id, traits, members: profiles.filter(isMember(id)).map((one) => one.profile.id) }))
				.sort((a, b) => compareBytes(a.id, b.id)),
		};
	}

	return {
		receive(arriving: readonly AcceptedEvent[]): IngestResult["verdict"][] {
			return arriving.map((event) => {
				const became = verdict(event);
				if (became === "duplicate") counts.duplicates += 1;
				else if (became !== "accepted") counts[became] += 1;
				return became;
			});
		},

		correct(correction: Correction & { at: number }): void {
			const latest = Math.max(
				...events.filter((event) => isNamedBy(event, correction)).map(({ timestamp }) => timestamp),
			);
			corrections.push({ ...correction, before: rules.reachOf(correction.at, latest) });
		},

		/** Null when nobody holds the identifier. */
		deleteProfile(
			of: Identifier,
			{ at, suppress }: { at: number; suppress: boolean },
		): { erasedEvents: number; identifiers: number } | null {
			const state = run();
			const person = state.people.find(({ held }) => held.has(newestKey(of)));
			if (person === undefined) return null;
			const held = [...person.held.values()].filter((one) => one.key === newestKey(one) && state.seen.has(one.key));
			for (const { key, from, to } of person.spans) tombstones.push({ key, from, to, at });
			for (const { type, value } of held) {
				deletions.set(nameOf({ type, value }), [...deletionsOf({ type, value }), { at, number: deletionsMade }]);
				if (suppress) suppressions.push({ type, value, at });
			}
			for (const other of held.flatMap(otherReading)) {
				if (state.seen.has(newestKey(other))) continue;
				const life = { at: Number.NEGATIVE_INFINITY, number: deletionsMade };
				deletions.set(nameOf(other), [...deletionsOf(other), life]);
			}
			deletionsMade += 1;
			const gone = new Set(person.events);
			orphanedWrites.push(...person.events.filter((event) => groupOf(event) !== undefined));
			events = events.filter((event) => !gone.has(event));
			counts.erased += gone.size;
			return { erasedEvents: gone.size, identifiers: held.length };
		},

		snapshot,

		counts(): Counts {
			const { profiles } = snapshot();
			return { events: events.length, profiles: profiles.length, unattributed: run().unattributed.length, ...counts };
		},

		/**
		 * Whom the id of an identifier names. One that no event carries may be what a `previousId` is under its other reading,
		 * unless it was deleted under either since.
		 */
		holderOf(identifiers: readonly Identifier[]): (string | undefined)[] {
			const { holders } = snapshot();
			const { seen } = run();
			const otherOf = new Map<string, Identifier>();
			for (const event of events) {
				const { previousId: value } = evidenceOf(event, config);
				if (value === undefined) continue;
				const [user, device] = ["user_id", "anonymous_id"].map((type) => ({ type, value })) as [Identifier, Identifier];
				if ([user, device].some((one) => keyAt(one, event) !== newestKey(one))) continue;
				otherOf.set(nameOf(user), device).set(nameOf(device), user);
			}
			return identifiers.map((one) => {
				const named = seen.has(newestKey(one)) ? one : (otherOf.get(nameOf(one)) ?? one);
				return holders[nameOf(named)];
			});
		},

		/** Every stored event, as it came. */
		events: (): readonly AcceptedEvent[] => events,
	};
}

export type Reference = ReturnType<typeof createReference>;
