import { execFileSync } from "node:child_process";
import { type Dataset, datasets, type Store, sqliteFile } from "@selfsame/store";
import Database from "better-sqlite3";
import { describe, expect, it } from "vitest";
import { configs } from "./configs.ts";
import { canonical, randomCommits, readBySnapshot, sorted, type Tables, withSnapshot } from "./datasets.ts";
import { oddEvents } from "./oddEvents.ts";
import { openTempStore } from "./tempStore.ts";

const seed = Number(process.env.SELFSAME_SEED ?? 20260131);
const scale = Number(process.env.SELFSAME_TEST_SCALE ?? 1);
console.info(`views test: SELFSAME_SEED=${seed}`);

const views: Record<Dataset, string> = {
	profiles: "v_profiles",
	events: "v_events",
	identifiers: "v_identifiers",
	"trait-history": "v_trait_history",
};
const jsonColumns: Record<Dataset, string[]> = {
	profiles: ["identifiers", "pastIdentifiers", "traits", "groups"],
	events: ["properties", "traits", "context"],
	identifiers: [],
	"trait-history": ["value"],
};

type Row = Record<string, unknown>;

/** A row of a view as the profile API writes it. */
function toView(dataset: Dataset, row: Row): Row {
	const { rest, ...columns } = row;
	const parsed = Object.entries(columns).map(([name, value]) => {
		if (name === "won") return [name, value === 1];
		return [name, jsonColumns[dataset].includes(name) && value !== null ? JSON.parse(value as string) : value];
	});
	const present = dataset === "events" ? parsed.filter(([, value]) => value !== null) : parsed;
	return { ...(rest ? JSON.parse(rest as string) : {}), ...Object.fromEntries(present) };
}

function readByViews(read: (view: string) => Row[]): Tables {
	const table = (dataset: Dataset) =>
		read(views[dataset])
			.filter((row) => row.profileId !== null)
			.map((row) => canonical(toView(dataset, row)));
	return sorted(Object.fromEntries(datasets.map((dataset) => [dataset, table(dataset)])) as Tables);
}

/** Reads the file as any program does that knows SQLite and nothing of us. */
function readByPlainSqlite(file: string): Tables {
	const database = new Database(file, { readonly: true });
	try {
		return readByViews((view) => database.prepare(`SELECT * FROM ${view}`).all() as Row[]);
	} finally {
		database.close();
	}
}

async function play(store: Store, from: number, numRuns: number): Promise<void> {
	for (const commit of randomCommits(from, numRuns)) await commit(store);
}

describe("the SQL views", () => {
	it.concurrent.each(Object.entries(configs))("say what the snapshot says, with %s", async (_, identity) => {
		const temp = await openTempStore(identity, "sqlite");
		for (let round = 0; round < 3; round++) {
			await play(temp.store, seed + round, Math.ceil(6 * scale));
			const expected = await withSnapshot(temp.url, identity, readBySnapshot);
			const actual = readByPlainSqlite(sqliteFile(temp.url));
			for (const dataset of datasets) expect(actual[dataset], dataset).toEqual(expected[dataset]);
		}
		await temp.remove();
	});

	it.each([
		"v_profiles p JOIN v_events e ON e.profileId = p.id",
		"v_events e JOIN v_profiles p ON e.profileId = p.id",
		"v_identifiers p JOIN v_trait_history e ON e.profileId = p.profileId",
	])("join by an index: %s", async (join) => {
		const temp = await openTempStore(configs["users and devices"] as (typeof configs)[string], "sqlite");
		await play(temp.store, seed, 2);
		const database = new Database(sqliteFile(temp.url), { readonly: true });
		const plan = database.prepare(`EXPLAIN QUERY PLAN SELECT count(*) FROM ${join}`).all() as { detail: string }[];
		expect(plan.map(({ detail }) => detail)).toContainEqual(
			expect.stringMatching(/^SEARCH [pe] USING AUTOMATIC COVERING INDEX \((profileId|id)=\?\)/),
		);
		expect(database.prepare(`SELECT count(*) FROM ${join}`).pluck().get()).toBeGreaterThan(0);
		database.close();
		await temp.remove();
	});

	it("show whatever values there are", async () => {
		const identity = configs["five emails"] as (typeof configs)[string];
		const temp = await openTempStore(identity, "sqlite");
		const odd = oddEvents();
		await temp.store.ingest(odd);
		const expected = await withSnapshot(temp.url, identity, readBySnapshot);
		const actual = readByPlainSqlite(sqliteFile(temp.url));
		expect(expected.events).toHaveLength(odd.length);
		expect(actual.profiles).toEqual(expected.profiles);
		expect(actual.identifiers).toEqual(expected.identifiers);
		expect(actual["trait-history"]).toEqual(expected["trait-history"]);
		expect(actual.events).toEqual(expected.events);
		await temp.remove();
	});

	it.each([
		["sqlite3", ["-json", "-readonly", "FILE", "SELECT * FROM VIEW"]],
		[
			"python3",
			[
				"-c",
				"import json, sqlite3, sys\nd = sqlite3.connect('file:' + sys.argv[1] + '?mode=ro', uri=True)\nd.row_factory = sqlite3.Row\nprint(json.dumps([dict(r) for r in d.execute('SELECT * FROM ' + sys.argv[2])]))",
				"FILE",
				"VIEW",
			],
		],
	])("can be read with %s, where there is one", async (program, args) => {
		const identity = configs["all of one"] as (typeof configs)[string];
		const temp = await openTempStore(identity, "sqlite");
		await play(temp.store, seed, 4);
		const run = (view: string): Row[] => {
			const filled = args.map((arg) => arg.replace("FILE", sqliteFile(temp.url)).replace("VIEW", view));
			const text = execFileSync(program, filled, {
				encoding: "utf8",
				maxBuffer: 2 ** 30,
				stdio: ["ignore", "pipe", "pipe"],
			});
			return text.trim() === "" ? [] : JSON.parse(text);
		};
		const isThere = (() => {
			try {
				execFileSync(program, ["--version"], { stdio: "ignore" });
				return true;
			} catch {
				return false;
			}
		})();
		if (isThere) expect(readByViews(run)).toEqual(await withSnapshot(temp.url, identity, readBySnapshot));
		else console.info(`${program} is not on this machine`);
		await temp.remove();
	});
});
