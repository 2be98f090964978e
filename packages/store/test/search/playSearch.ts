import type { AcceptedEvent, EventView, Filter, JsonObject, Profile } from "@selfsame/protocol";
import type { Store } from "@selfsame/store";
import { createRandom } from "../random.ts";
import { readPages } from "../readStore.ts";
import { instantiate, type Stream } from "../streams.ts";
import { eventNames } from "./filters.ts";
import { holds, type Person } from "./plainFilter.ts";

/** When all streams begin. */
export const epoch = Date.UTC(2025, 0, 1);
/** A stream's ms are these seconds, so that durations reach from event to event and often exactly so. */
const stretch = (time: number) => epoch + (time - epoch) * 1_000;

/** How many events are ingested at once where somebody looks in between. */
const pieceSize = 4;

/**
 * Puts a random workspace's life into a store, with names, properties and traits that filters ask about.
 *
 * @param after called after every few events, and after every correction and deletion.
 */
export async function playInto(
	store: Store,
	stream: Stream,
	bags: readonly JsonObject[],
	instance: number,
	after?: () => Promise<void>,
): Promise<void> {
	const random = createRandom(stream.seed);
	const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T;
	const dress = (event: AcceptedEvent): AcceptedEvent => ({
		...event,
		// To identity they are the same, and filters ask for track events most.
		...(event.type === "screen" || (event.type === "page" && random() < 0.5) ? { type: "track" } : {}),
		timestamp: stretch(event.timestamp),
		receivedAt: stretch(event.receivedAt),
		...(["track", "page", "screen"].includes(event.type) ? { name: pick(eventNames) } : {}),
		...(event.type === "identify" ? { traits: pick(bags) } : {}),
		payload: random() < 0.1 ? "{}" : JSON.stringify({ properties: pick(bags), context: { ip: "::1" } }),
	});
	for (const step of instantiate(stream, instance).steps) {
		if (step.kind === "events") {
			const size = after ? pieceSize : step.events.length;
			for (let from = 0; from < step.events.length; from += size) {
				await store.ingest(step.events.slice(from, from + size).map(dress));
				await after?.();
			}
			continue;
		}
		const by = { actor: "test", reason: "a test", at: stretch(step.at) };
		if (step.kind === "delete") await store.deleteProfile(step.of, { suppress: step.suppress, dryRun: false }, by);
		else if (step.correction.kind !== "merge" || (await areThere(store, step.correction))) {
			await store.correct(step.correction, by);
		}
		await after?.();
	}
}

async function areThere(
	store: Store,
	{ userId, otherUserId }: { userId: string; otherUserId: string },
): Promise<boolean> {
	const users = [userId, otherUserId].map((value) => store.findProfile({ type: "user_id", value }));
	return userId !== otherUserId && (await Promise.all(users)).every((profile) => profile !== null);
}

/** Everybody in a store, as its other calls show them. */
export async function readPeople(store: Store): Promise<Person[]> {
	const profiles = await readPages((cursor) => store.listProfiles({ limit: 100, ...cursor }));
	return Promise.all(
		profiles.map(async (profile) => ({
			profile,
			events: await readPages<EventView>((cursor) =>
				store.listEvents({ id: profile.id }, { limit: 1_000, order: "asc", ...cursor }),
			),
		})),
	);
}

/** Profiles as a search gives them, over pages so small that there are some. */
export function search(store: Pick<Store, "searchProfiles">, filter: Filter, now: number): Promise<Profile[]> {
	return readPages((cursor) => store.searchProfiles({ filter, now, limit: 7, ...cursor }));
}

/** Whom a filter holds for, by the plain evaluator. */
export function whoMatches(filter: Filter, people: readonly Person[], now: number): string[] {
	return people.filter((person) => holds(filter, person, now)).map(({ profile }) => profile.id);
}
