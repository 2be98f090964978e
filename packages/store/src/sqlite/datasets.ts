import type { IdentityConfig } from "@selfsame/identity";
import type { Json } from "@selfsame/protocol";
import type { Dataset, DatasetRows } from "../port.ts";
import { createEventReader, type EventRow, selectEvents } from "./eventReader.ts";
import { createIdOfOwner } from "./idOfOwner.ts";
import type { SqliteDatabase } from "./openDatabase.ts";
import { createOwnership } from "./ownership.ts";
import { createProfileLister } from "./profileLister.ts";
import { createProfileReader, iso } from "./profileReader.ts";
import { createTraitWinners } from "./traitWinners.ts";

/** How many rows of a table are read at a time. */
const stride = 500;

interface DatasetReader<D extends Dataset> {
	count(): number;
	pages(): Generator<DatasetRows[D][]>;
}

type Datasets = { [D in Dataset]: DatasetReader<D> };

/** Everything a workspace holds, table by table, from a database that does not change meanwhile. */
export function createDatasets(database: SqliteDatabase, config: IdentityConfig): Datasets {
	const ownership = createOwnership(database);
	const profiles = createProfileReader(database, config, ownership);
	const events = createEventReader(database, ownership, profiles);
	const lister = createProfileLister(database, ownership, profiles);
	const idOfOwner = createIdOfOwner(ownership, profiles);
	const winners = createTraitWinners(database, ownership);

	const count = (table: string) => () => database.prepare(`SELECT count(*) FROM ${table}`).pluck().get() as number;
	const positionOf = (row: { ts: number; message_id: string; source: string }) => ({
		timestamp: row.ts,
		messageId: row.message_id,
		source: row.source,
	});

	function* profilePages(): Generator<DatasetRows["profiles"][]> {
		let cursor: string | null | undefined;
		do {
			const { data, page } = lister.list({ limit: stride, ...(cursor ? { cursor } : {}) });
			if (data.length > 0) yield data;
			cursor = page.next;
		} while (cursor);
	}

	function* eventPages(): Generator<DatasetRows["events"][]> {
		const page = database.prepare(`${selectEvents} WHERE e.seq > ? ORDER BY e.seq LIMIT ${stride}`);
		let after = 0;
		for (let rows = page.all(after); rows.length > 0; rows = page.all(after)) {
			yield (rows as EventRow[]).map((row) => {
				const owner = row.lead === null ? null : ownership.ownerAt(row.lead, positionOf(row));
				return { ...events.view(row), seq: row.seq, profileId: owner === null ? null : idOfOwner(owner) };
			});
			after = (rows.at(-1) as EventRow).seq;
		}
	}

	function* identifierPages(): Generator<DatasetRows["identifiers"][]> {
		const page = database.prepare(
			`SELECT id, type, value FROM identifiers WHERE id > ? AND value IS NOT NULL ORDER BY id LIMIT ${stride}`,
		);
		type Row = { id: number; type: string; value: string };
		let after = 0;
		for (let rows = page.all(after) as Row[]; rows.length > 0; rows = page.all(after) as Row[]) {
			const named = rows.flatMap(({ id, type, value }) => {
				const { first, last } = profiles.seen(ownership.row(id));
				if (first === null || last === null) return [];
				const profileId = idOfOwner(ownership.ownerOf(id));
				return profileId === null ? [] : [{ profileId, type, value, firstSeen: iso(first), lastSeen: iso(last) }];
			});
			if (named.length > 0) yield named;
			after = (rows.at(-1) as Row).id;
		}
	}

	function* traitPages(): Generator<DatasetRows["trait-history"][]> {
		const page = database.prepare(
			`SELECT w.lead, w.key, w.ts, w.seq, w.value, e.message_id, e.source FROM trait_writes w JOIN events e ON e.seq = w.seq
			WHERE (w.lead, w.key, w.ts, w.seq) > (?, ?, ?, ?) ORDER BY w.lead, w.key, w.ts, w.seq LIMIT ${stride}`,
		);
		type Row = {
			lead: number;
			key: string;
			ts: number;
			seq: number;
			value: string;
			message_id: string;
			source: string;
		};
		const after = (row: Row | undefined) => (row ? [row.lead, row.key, row.ts, row.seq] : [0, "", 0, 0]);
		let rows = page.all(...after(undefined)) as Row[];
		while (rows.length > 0) {
			yield rows.map((row) => {
				const owner = ownership.ownerAt(row.lead, positionOf(row));
				return {
					profileId: idOfOwner(owner),
					key: row.key,
					value: JSON.parse(row.value) as Json,
					timestamp: iso(row.ts),
					messageId: row.message_id,
					source: row.source,
					won: winners.of(owner, row.key) === row.seq,
				};
			});
			rows = page.all(...after(rows.at(-1))) as Row[];
		}
	}

	return {
		profiles: { count: () => lister.count(), pages: profilePages },
		events: { count: count("events"), pages: eventPages },
		identifiers: { count: count("identifiers WHERE value IS NOT NULL AND flags & 1"), pages: identifierPages },
		"trait-history": { count: count("trait_writes"), pages: traitPages },
	};
}
