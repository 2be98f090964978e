import type { IdentityConfig } from "@selfsame/identity";
import { type Dataset, datasets } from "@selfsame/store";
import { Client } from "pg";
import { describe, expect, it } from "vitest";
import { readPostgresUrl } from "../../src/postgres/readUrl.ts";
import { configs } from "../configs.ts";
import { canonical, randomCommits, readBySnapshot, sorted, type Tables, withSnapshot } from "../datasets.ts";
import { oddEvents } from "../oddEvents.ts";
import { openTempStore } from "../tempStore.ts";

const seed = Number(process.env.SELFSAME_SEED ?? 20260131);
const scale = Number(process.env.SELFSAME_TEST_SCALE ?? 1);
console.info(`PostgreSQL views test: SELFSAME_SEED=${seed}`);

const columns: Record<Dataset, string> = {
	profiles: "id identifiers pastIdentifiers traits groups eventCount firstSeen lastSeen",
	events: `seq profileId type event name messageId source timestamp receivedAt userId anonymousId previousId groupId
		claimedUserId properties traits context rest`,
	identifiers: "profileId type value firstSeen lastSeen",
	"trait-history": "profileId key value timestamp messageId source won",
};

type Row = Record<string, unknown>;

/** A row of a view as the profile API writes it. */
function toView(dataset: Dataset, { rest, ...row }: Row): string {
	const present =
		dataset === "events" ? Object.entries(row).filter(([, value]) => value !== null) : Object.entries(row);
	return canonical({ ...(rest as Row | undefined), ...Object.fromEntries(present) });
}

/** Reads the schema as any program does that knows PostgreSQL and nothing of us, not even where it looks for tables. */
async function readByViews(url: string): Promise<Tables> {
	const { connectionString, schema } = readPostgresUrl(url);
	const client = new Client({ connectionString, options: "-c search_path=public" });
	await client.connect();
	try {
		const tables: Partial<Tables> = {};
		for (const dataset of datasets) {
			// As documented: written without quotes.
			const selected = columns[dataset].split(/\s+/).map((name) => `${name} AS "${name}"`);
			const view = `${schema}.v_${dataset.replace("-", "_")}`;
			const { rows } = await client.query(
				`SELECT ${selected.join(", ").replace("eventCount AS", "eventCount::int AS")} FROM ${view}`,
			);
			tables[dataset] = rows.filter((row) => row.profileId !== null).map((row) => toView(dataset, row));
		}
		return sorted(tables as Tables);
	} finally {
		await client.end();
	}
}

async function expectSame(url: string, identity: IdentityConfig): Promise<Tables> {
	const expected = await withSnapshot(url, identity, readBySnapshot);
	const actual = await readByViews(url);
	for (const dataset of datasets) expect(actual[dataset], dataset).toEqual(expected[dataset]);
	return actual;
}

describe("the SQL views of PostgreSQL", () => {
	const chosen = ["two emails", "shared after two users", "equal priorities", "all, two each, shared after two"];

	it.each(chosen)("say what the snapshot says, with %s", async (name) => {
		const identity = configs[name] as IdentityConfig;
		const temp = await openTempStore(identity, "postgres");
		for (const commit of randomCommits(seed, Math.ceil(5 * scale))) await commit(temp.store);
		const { events } = await expectSame(temp.url, identity);
		expect(events.length).toBeGreaterThan(0);
		await temp.remove();
	});

	it("show whatever values there are", async () => {
		const identity = configs["five emails"] as IdentityConfig;
		const temp = await openTempStore(identity, "postgres");
		const odd = oddEvents();
		await temp.store.ingest(odd);
		expect((await expectSame(temp.url, identity)).events).toHaveLength(odd.length);
		await temp.remove();
	});
});
