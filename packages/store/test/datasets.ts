import type { IdentityConfig } from "@selfsame/identity";
import { type Dataset, type DatasetRows, datasets, openSnapshot, type Snapshot, type Store } from "@selfsame/store";
import fc from "fast-check";
import { readPages } from "./readStore.ts";
import { instantiate, type StreamStep, streams } from "./streams.ts";

/** All rows, without `seq`, in an order that two ways of reading agree on. */
export type Tables = Record<Dataset, string[]>;

/** One commit of a workspace's life. */
export type Commit = (store: Store) => Promise<unknown>;

const by = { actor: "test", reason: "a test" };

/** The lives of a few small workspaces in one, commit by commit: events, late ones, corrections, deletions. */
export function randomCommits(seed: number, numRuns: number): Commit[] {
	return fc
		.sample(streams, { seed, numRuns })
		.flatMap((stream, instance) => instantiate(stream, instance).steps.flatMap(toCommits));
}

function toCommits(step: StreamStep): Commit[] {
	if (step.kind === "correct") return [(store) => store.correct(step.correction, { ...by, at: step.at })];
	if (step.kind === "delete") {
		return [
			(store) => store.deleteProfile(step.of, { suppress: step.suppress, dryRun: false }, { ...by, at: step.at }),
		];
	}
	const halves = [step.events.slice(0, step.events.length / 2), step.events.slice(step.events.length / 2)];
	return halves.filter((half) => half.length > 0).map((half) => (store) => store.ingest(half));
}

/** What the profile API says of everything: the datasets, put together from its answers. */
export async function readByApi(store: Store): Promise<Tables> {
	const profiles = await readPages((cursor) => store.listProfiles({ limit: 100, ...cursor }));
	const tables: Tables = { profiles: [], events: [], identifiers: [], "trait-history": [] };
	for (const profile of profiles) {
		const [ref, profileId] = [{ id: profile.id }, profile.id];
		tables.profiles.push(canonical(profile));
		for (const identifier of profile.identifiers) tables.identifiers.push(canonical({ ...identifier, profileId }));
		const events = await readPages((cursor) => store.listEvents(ref, { limit: 100, ...cursor }));
		tables.events.push(...events.map((event) => canonical({ ...event, profileId })));
		const keys = new Set(events.flatMap(({ type, traits }) => (type === "identify" ? Object.keys(traits ?? {}) : [])));
		for (const key of keys) {
			const writes = await readPages((cursor) => store.traitHistory(ref, key, { limit: 100, ...cursor }));
			tables["trait-history"].push(...writes.map((write) => canonical({ ...write, key, profileId })));
		}
	}
	return sorted(tables);
}

/** The same off a snapshot. Rows of nobody are left out, since the API does not show them. */
export async function readBySnapshot(snapshot: Snapshot): Promise<Tables> {
	const tables = { profiles: [], events: [], identifiers: [], "trait-history": [] } as Tables;
	for (const dataset of datasets) {
		for await (const page of snapshot.pages(dataset)) tables[dataset].push(...page.filter(isSomebodys).map(canonical));
	}
	return sorted(tables);
}

export async function withSnapshot<T>(
	url: string,
	identity: IdentityConfig,
	use: (snapshot: Snapshot) => Promise<T>,
): Promise<T> {
	const snapshot = await openSnapshot(url, { identity });
	try {
		return await use(snapshot);
	} finally {
		await snapshot.close();
	}
}

const isSomebodys = (row: DatasetRows[Dataset]) => !("profileId" in row) || row.profileId !== null;

/** Keys in order; `seq` is the store's own numbering, and undefined is as good as left out. */
export function canonical(row: object): string {
	const inOrder = (_: string, value: unknown) =>
		value !== null && typeof value === "object" && !Array.isArray(value)
			? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
			: value;
	const { seq: _, ...rest } = row as { seq?: number };
	return JSON.stringify(rest, inOrder);
}

export function sorted(tables: Tables): Tables {
	return Object.fromEntries(datasets.map((dataset) => [dataset, [...tables[dataset]].sort()])) as Tables;
}
