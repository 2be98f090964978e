import type { JsonObject, Page, Profile, Stats, TraitWrite } from "@selfsame/protocol";
import { type Dataset, datasets } from "@selfsame/store";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { hashKey } from "../src/auth/hashKey.ts";
import { columns } from "../src/export/columns.ts";
import { checkedFetch } from "./checkedFetch.ts";
import { askDuckDb } from "./duckdb.ts";
import { apiKey, startCollector, type TestCollector } from "./startCollector.ts";

type Row = Record<string, unknown>;

const dangerous = ['=HYPERLINK("http://x.io","a")', "+1-2", "-1+1", "@SUM(A1)", "\tx", "\rx", "\n=1", "＝1+1"];
const odd = ["a,b;c", 'q"uote', "line\nbreak", "😀", "x".repeat(1_000), "1e5", "007", ""];

describe("GET /v1/export", () => {
	let collector: TestCollector;
	beforeAll(async () => {
		collector = await startCollector();
		const at = (second: number) => new Date(Date.UTC(2026, 0, 31, 12, 0, second)).toISOString();
		const people = [...dangerous, ...odd].map((value, index) => ({
			type: "identify",
			userId: `u${index}`,
			anonymousId: `a${index}`,
			traits: { note: value, score: -index, email: `u${index}@x.io`, tags: [value, null], gone: index % 2 ? 1 : null },
			timestamp: at(index),
		}));
		const events = [...dangerous, ...odd.filter((name) => name !== "")].map((event, index) => ({
			type: "track",
			event,
			anonymousId: `a${index}`,
			properties: { price: -9.5, note: event },
			integrations: { All: index % 2 === 0 },
			timestamp: at(100 + index),
		}));
		const rest = [
			{ type: "track", event: "Nobody's", timestamp: at(200) },
			{ type: "alias", userId: "u1", previousId: "u2", timestamp: at(201) },
			{ type: "group", userId: "u1", groupId: "g1", traits: { plan: "pro" }, timestamp: at(202) },
			{ type: "page", name: "Home", userId: "u3", timestamp: at(203) },
			{ type: "identify", userId: "u1", traits: { score: null }, timestamp: at(204) },
			{ type: "track", event: "Moved", userId: "u4", anonymousId: "a3", timestamp: at(205) },
		];
		const { body } = await collector.send([...people, ...events, ...rest]);
		expect(body.rejected).toEqual([]);
	});
	afterAll(() => collector.stop());

	const fetchExport = (dataset: string, format?: string, key = apiKey) =>
		checkedFetch(`${collector.url}/v1/export/${dataset}${format ? `?format=${format}` : ""}`, {
			headers: { authorization: `Bearer ${key}` },
		});
	const read = async (dataset: Dataset, format: string) => {
		const response = await fetchExport(dataset, format);
		expect(response.status).toBe(200);
		return new Uint8Array(await response.arrayBuffer());
	};
	const lines = async (dataset: Dataset): Promise<Row[]> =>
		Buffer.from(await read(dataset, "ndjson"))
			.toString()
			.split("\n")
			.slice(0, -1)
			.map((line) => JSON.parse(line));

	/** The same from the profile API, profile by profile. */
	async function readByApi(): Promise<Record<Dataset, Row[]>> {
		const { body } = await collector.get<Page<Profile>>("/v1/profiles?limit=1000");
		const tables: Record<Dataset, Row[]> = { profiles: [], events: [], identifiers: [], "trait-history": [] };
		for (const profile of body.data) {
			tables.profiles.push(profile as unknown as Row);
			tables.identifiers.push(...profile.identifiers.map((own) => ({ profileId: profile.id, ...own })));
			const events = await collector.events(profile.id);
			tables.events.push(...events.map((event) => ({ ...event, profileId: profile.id })));
			const keys = new Set(
				events.flatMap(({ type, traits }) => (type === "identify" ? Object.keys(traits ?? {}) : [])),
			);
			for (const key of keys) {
				const path = `/v1/profiles/${profile.id}/traits/${encodeURIComponent(key)}/history?limit=1000`;
				const { data } = (await collector.get<Page<TraitWrite>>(path)).body;
				tables["trait-history"].push(...data.map((write) => ({ profileId: profile.id, key, ...write })));
			}
		}
		return tables;
	}
	const withoutSeq = (rows: Row[]) =>
		rows.map(({ seq: _, ...row }) => row).filter(({ profileId }) => profileId !== null);
	const sorted = (rows: Row[]) =>
		rows.map((row) => JSON.stringify(Object.entries(row).sort(([a], [b]) => (a < b ? -1 : 1)))).sort();

	it("gives in NDJSON what the profile API answers", async () => {
		const byApi = await readByApi();
		for (const dataset of datasets) {
			expect(sorted(withoutSeq(await lines(dataset))), dataset).toEqual(sorted(byApi[dataset]));
		}
		const { body } = await collector.get<Stats>("/v1/stats");
		const events = await lines("events");
		expect(events).toHaveLength(body.events);
		expect(events.filter(({ profileId }) => profileId === null).map(({ event }) => event)).toEqual(["Nobody's"]);
		const seqs = events.map(({ seq }) => seq as number);
		expect(seqs).toEqual([...seqs].sort((a, b) => a - b));
		expect(await lines("profiles")).toHaveLength(body.profiles);
	});

	it.each(datasets)("gives %s in Parquet with types that DuckDB knows, and the same values", async (dataset) => {
		const bytes = await read(dataset, "parquet");
		const described = await askDuckDb(bytes, "DESCRIBE SELECT * FROM read_parquet(FILE)");
		const types = { text: "VARCHAR", json: "JSON", time: "TIMESTAMP WITH TIME ZONE", count: "BIGINT", flag: "BOOLEAN" };
		expect(described.map(({ column_name, column_type }) => [column_name, column_type])).toEqual(
			columns[dataset].map(({ name, kind }) => [name, types[kind]]),
		);
		const times = columns[dataset].filter(({ kind }) => kind === "time").map(({ name }) => name);
		const asIso = times.map((name) => `strftime("${name}", '%Y-%m-%dT%H:%M:%S.%gZ') AS "${name}"`).join(", ");
		const rows = await askDuckDb(bytes, `SELECT * REPLACE (${asIso}) FROM read_parquet(FILE)`);
		expect(rows.map((row) => fromFlat(dataset, row))).toEqual((await lines(dataset)).map(toFlat(dataset)));
	});

	it.each(datasets)("gives %s in CSV, with the same values and no formula among them", async (dataset) => {
		const bytes = await read(dataset, "csv");
		const rows = await askDuckDb(
			bytes,
			"SELECT * FROM read_csv(FILE, header = true, all_varchar = true, allow_quoted_nulls = false, delim = ',', quote = '\"', escape = '\"')",
		);
		const expected = (await lines(dataset)).map(toFlat(dataset));
		expect(rows).toHaveLength(expected.length);
		const unescaped = rows.map((row) =>
			Object.fromEntries(
				Object.entries(row).map(([name, value]) => [
					name,
					typeof value === "string" && /^'[=+\-@\t\r\n＝＋－＠]/.test(value) ? value.slice(1) : value,
				]),
			),
		);
		expect(unescaped.map((row) => fromFlat(dataset, row))).toEqual(expected);
		for (const value of rows.flatMap((row) => Object.values(row))) {
			// A number may have its sign.
			if (!/^-?\d+(\.\d+)?$/.test(String(value ?? ""))) expect(value ?? "").not.toMatch(/^[=+\-@\t\r\n＝＋－＠]/);
		}
	});

	/** A flat row's JSON columns parsed, its numbers and flags read. */
	function fromFlat(dataset: Dataset, row: Row): Row {
		const entries = columns[dataset].map(({ name, kind }): [string, unknown] => {
			const value = row[name] ?? null;
			if (value === null) return [name, null];
			if (kind === "json") return [name, JSON.parse(value as string)];
			if (kind === "count") return [name, Number(value)];
			return [name, kind === "flag" ? String(value) === "true" : value];
		});
		return Object.fromEntries(entries);
	}

	/** What a line of NDJSON is as a flat row. */
	function toFlat(dataset: Dataset) {
		const names = new Set(columns[dataset].map(({ name }) => name));
		return (row: Row): Row => {
			const rest = Object.entries(row).filter(([name]) => !names.has(name));
			const all = rest.length === 0 ? row : { ...row, rest: Object.fromEntries(rest) };
			return Object.fromEntries([...names].map((name) => [name, all[name] ?? null]));
		};
	}

	it("names the file and its type", async () => {
		const response = await fetchExport("trait-history", "csv");
		expect(response.headers.get("content-type")).toBe("text/csv; charset=utf-8");
		expect(response.headers.get("content-disposition")).toMatch(
			/^attachment; filename="trait-history-\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d\.csv"$/,
		);
		expect(response.headers.get("cache-control")).toContain("private");
		await response.body?.cancel();
	});

	it("gives a header and no rows where there is nothing", async () => {
		const empty = await startCollector();
		const headers = { authorization: `Bearer ${apiKey}` };
		const csv = await (await checkedFetch(`${empty.url}/v1/export/profiles?format=csv`, { headers })).text();
		expect(csv).toBe("id,identifiers,pastIdentifiers,traits,groups,eventCount,firstSeen,lastSeen\n");
		const ndjson = await (await checkedFetch(`${empty.url}/v1/export/profiles`, { headers })).text();
		expect(ndjson).toBe("");
		const parquet = await (
			await checkedFetch(`${empty.url}/v1/export/events?format=parquet`, { headers })
		).arrayBuffer();
		const [row] = await askDuckDb(new Uint8Array(parquet), "SELECT count(*) AS rows FROM read_parquet(FILE)");
		expect(row).toEqual({ rows: "0" });
		await empty.stop();
	});

	it("masks what is personal for a key without pii:read", async () => {
		const key = "reader-without-pii";
		const record = { id: key, name: key, hash: hashKey(key), scopes: ["read"], createdAt: 0, lastUsedAt: null };
		await collector.store.putSecretKey(record);
		await expect.poll(async () => (await fetchExport("identifiers", "csv", key)).status).toBe(200);
		for (const dataset of datasets) {
			for (const format of ["ndjson", "csv", "parquet"]) {
				const response = await fetchExport(dataset, format, key);
				expect(response.status).toBe(200);
				const bytes = Buffer.from(await response.arrayBuffer());
				expect(bytes.includes("@x.io"), `${dataset} as ${format}`).toBe(false);
			}
		}
		const masked = await fetchExport("profiles", "ndjson", key);
		const [first] = (await masked.text()).split("\n").map((line) => JSON.parse(line || "null"));
		expect((first as Profile).traits.email).toBe("***");
	});

	it("refuses what it does not know, and keys that may not", async () => {
		const { status, body } = await collector.get<JsonObject>("/v1/export/profiles?format=xlsx");
		expect(status).toBe(400);
		expect(body.detail).toContain("ndjson, csv, parquet");
		expect((await fetchExport("profiles", "csv", "no-key")).status).toBe(401);
		expect((await fetchExport("everything")).status).toBe(404);
	});
});
