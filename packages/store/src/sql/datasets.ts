import type { IdentityConfig } from "@selfsame/identity";
import type { Json } from "@selfsame/protocol";
import type { Dataset, DatasetRows } from "../port.ts";
import type { Dialect } from "./dialect.ts";
import { createEventReader, type EventRow, positionOf, selectEvents } from "./eventReader.ts";
import { createIdOfOwner } from "./idOfOwner.ts";
import { createOwnership } from "./ownership.ts";
import { createProfileLister } from "./profileLister.ts";
import { iso } from "./profileParts.ts";
import { createProfileReader } from "./profileReader.ts";
import { seen } from "./sightings.ts";
import { createTraitWinners } from "./traitWinners.ts";
import { all, pluck, type Value, type Work } from "./work.ts";

/** How many rows of a table are read at a time. */
const stride = 500;

/** Where a page ended. */
export type Place = readonly Value[];

interface DatasetPage<D extends Dataset> {
	/** Perhaps none, although there are more pages. */
	rows: DatasetRows[D][];
	/** Null: there is no further page. */
	next: Place | null;
}

interface DatasetReader<D extends Dataset> {
	count(): Work<number>;
	/** The page after a place; null: the first. */
	page(after: Place | null): Work<DatasetPage<D>>;
}

export type Datasets = { [D in Dataset]: DatasetReader<D> };

interface WriteRow {
	lead: number;
	key: string;
	ts: number;
	seq: number;
	value: string;
	message_id: string;
	source: string;
}

const nextIdentifiers = `SELECT id, type, value FROM identifiers WHERE id > ? AND value IS NOT NULL ORDER BY id LIMIT ${stride}`;
const nextWrites = `SELECT w.lead, w.key, w.ts, w.seq, w.value, e.message_id, e.source
	FROM trait_writes w JOIN events e ON e.seq = w.seq
	WHERE (w.lead, w.key, w.ts, w.seq) > (?, ?, ?, ?) ORDER BY w.lead, w.key, w.ts, w.seq LIMIT ${stride}`;

/** Everything a workspace holds, table by table, from a database that does not change meanwhile. */
export function createDatasets(dialect: Dialect, config: IdentityConfig): Datasets {
	const ownership = createOwnership();
	const profiles = createProfileReader(config, ownership);
	const events = createEventReader(dialect, ownership);
	const lister = createProfileLister(dialect, ownership, profiles);
	const idOfOwner = createIdOfOwner(ownership, profiles);
	const winners = createTraitWinners(ownership);
	const nextEvents = `${selectEvents(dialect)} WHERE e.seq > ? ORDER BY e.seq LIMIT ${stride}`;

	function* profilePage(after: Place | null): Work<DatasetPage<"profiles">> {
		const { data, page } = yield* lister.list({ limit: stride, ...(after ? { cursor: after[0] as string } : {}) });
		return { rows: data, next: page.next === null ? null : [page.next] };
	}

	function* eventPage([after = 0]: Place): Work<DatasetPage<"events">> {
		const found = yield* all<EventRow>(nextEvents, after);
		const rows: DatasetRows["events"][] = [];
		for (const row of found) {
			const owner = row.lead === null ? null : yield* ownership.ownerAt(row.lead, positionOf(row));
			const profileId = owner === null ? null : yield* idOfOwner(owner);
			rows.push({ ...(yield* events.view(row)), seq: row.seq, profileId });
		}
		return { rows, next: nextPlace(found, ({ seq }) => [seq]) };
	}

	function* identifierPage([after = 0]: Place): Work<DatasetPage<"identifiers">> {
		const found = yield* all<{ id: number; type: string; value: string }>(nextIdentifiers, after);
		const rows: DatasetRows["identifiers"][] = [];
		for (const { id, type, value } of found) {
			const { first, last } = yield* seen(yield* ownership.row(id));
			if (first === null || last === null) continue;
			const profileId = yield* idOfOwner(yield* ownership.ownerOf(id));
			if (profileId === null) continue;
			rows.push({ profileId, type, value, firstSeen: iso(first), lastSeen: iso(last) });
		}
		return { rows, next: nextPlace(found, ({ id }) => [id]) };
	}

	function* traitPage(after: Place): Work<DatasetPage<"trait-history">> {
		const found = yield* all<WriteRow>(nextWrites, ...(after.length === 0 ? [0, "", 0, 0] : after));
		const rows: DatasetRows["trait-history"][] = [];
		for (const row of found) {
			const owner = yield* ownership.ownerAt(row.lead, positionOf(row));
			rows.push({
				profileId: yield* idOfOwner(owner),
				key: row.key,
				value: JSON.parse(row.value) as Json,
				timestamp: iso(row.ts),
				messageId: row.message_id,
				source: row.source,
				won: (yield* winners.of(owner, row.key)) === row.seq,
			});
		}
		return { rows, next: nextPlace(found, ({ lead, key, ts, seq }) => [lead, key, ts, seq]) };
	}

	return {
		profiles: { count: lister.count, page: profilePage },
		events: { count: () => countOf("events"), page: (after) => eventPage(after ?? []) },
		identifiers: {
			count: () => countOf("identifiers WHERE value IS NOT NULL AND (flags & 1) <> 0"),
			page: (after) => identifierPage(after ?? []),
		},
		"trait-history": { count: () => countOf("trait_writes"), page: (after) => traitPage(after ?? []) },
	};
}

function* countOf(rows: string): Work<number> {
	return (yield* pluck<number>(`SELECT count(*) FROM ${rows}`)) as number;
}

function nextPlace<Row>(rows: readonly Row[], placeOf: (row: Row) => Place): Place | null {
	const last = rows.at(-1);
	return last === undefined || rows.length < stride ? null : placeOf(last);
}
