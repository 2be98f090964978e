import type { Identifier, Page } from "@selfsame/protocol";
import {
	type DatasetRows,
	datasets,
	openSnapshot,
	openStore,
	type ProfileRef,
	type Store,
	sqliteFile,
} from "@selfsame/store";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { copyToPostgres } from "../../src/postgres/copy.ts";
import { postgresDialect } from "../../src/postgres/dialect.ts";
import { openPool } from "../../src/postgres/openPool.ts";
import { readPostgresUrl } from "../../src/postgres/readUrl.ts";
import { createRunWork } from "../../src/postgres/runWork.ts";
import { toPostgres } from "../../src/postgres/toPostgres.ts";
import { createDatasets } from "../../src/sql/datasets.ts";
import { createFeed } from "../../src/sql/feed.ts";
import { createQuestions } from "../../src/sql/questions.ts";
import type { Statement, Work } from "../../src/sql/work.ts";
import { configs } from "../configs.ts";
import { instantiate, knownGroups, knownIdentifiers, knownTraits, streams } from "../streams.ts";
import { openTempStore, type TempStore } from "../tempStore.ts";
import { makeSchema, type TestSchema } from "./makeSchema.ts";

const seed = Number(process.env.SELFSAME_SEED ?? Date.now() % 2 ** 31);
console.info(`answers test: SELFSAME_SEED=${seed}`);

const instances = 6;
const config = configs["all, two each, shared after two"] as (typeof configs)[string];
const attribution = (at: number) => ({ actor: "test", reason: "a test", at });
const times = Array.from({ length: 3 }, (_, index) => Date.UTC(2025, 0, 1) + 4 + 8 * index);

/** What the streams name, in the spelling of each. */
const named = <T>(values: readonly T[]): T[] =>
	Array.from({ length: instances }, (_, instance) => instantiate([...values], instance)).flat();
const identifiers: Identifier[] = named(knownIdentifiers);
const groups: string[] = named(knownGroups);

/** All pages of a list. */
async function pagesOf<T>(ask: (cursor: { cursor?: string }) => Promise<Page<T> | null>): Promise<T[][] | null> {
	const pages: T[][] = [];
	for (let cursor: string | undefined; ; ) {
		const answer = await ask(cursor === undefined ? {} : { cursor });
		if (!answer) return null;
		pages.push(answer.data);
		if (answer.page.next === null) return pages;
		cursor = answer.page.next;
	}
}

async function askAbout(store: Store, ref: ProfileRef, asOf: { asOf?: number }): Promise<unknown> {
	const [from, to] = [times[0] as number, times[2] as number];
	const events = (query: object) =>
		pagesOf((cursor) => store.listEvents(ref, { limit: 3, ...query, ...asOf, ...cursor }));
	return {
		profile: await store.findProfile(ref, asOf),
		newestFirst: await events({}),
		oldestFirst: await events({ order: "asc" }),
		tracked: await events({ type: "track", name: "E" }),
		between: await events({ from, to }),
		why: await store.explainIdentity(ref, asOf),
		traits: await Promise.all(
			knownTraits.map((key) => pagesOf((cursor) => store.traitHistory(ref, key, { limit: 2, ...asOf, ...cursor }))),
		),
	};
}

async function askAll(store: Store): Promise<unknown[]> {
	const answers: unknown[] = [
		await store.stats(),
		await store.listSources(),
		await store.listSecretKeys(),
		await pagesOf((cursor) => store.listProfiles({ limit: 7, ...cursor })),
		await pagesOf((cursor) => store.listRejected({ limit: 2, ...cursor })),
		await pagesOf((cursor) => store.listRejected({ limit: 2, code: "odd", ...cursor })),
	];
	for (const id of groups) {
		answers.push(await store.findGroup(id, { limit: 1_000 }));
		for (const order of ["asc", "desc"] as const) {
			answers.push(await pagesOf((cursor) => store.listGroupEvents(id, { limit: 2, order, ...cursor })));
		}
		answers.push(await store.listGroupEvents(id, { limit: 100, from: times[0] as number, to: times[1] as number }));
	}
	for (const identifier of identifiers) {
		for (const at of [{}, ...times.map((asOf) => ({ asOf }))]) answers.push(await askAbout(store, identifier, at));
	}
	return answers;
}

/** What a snapshot holds, whatever numbers the database gave to names. */
async function exportAll(url: string): Promise<unknown> {
	const snapshot = await openSnapshot(url, { identity: config });
	try {
		const tables: Record<string, unknown> = {};
		for (const dataset of datasets) {
			const rows: DatasetRows[typeof dataset][] = [];
			for await (const page of snapshot.pages(dataset)) rows.push(...page);
			tables[dataset] = rows.map((row) => JSON.stringify(row)).sort();
		}
		return tables;
	} finally {
		await snapshot.close();
	}
}

/** Everything that the feed tells. Numbers are given again by a copy, and with them what an event changed when it came. */
async function follow(store: Store): Promise<unknown[]> {
	const told: unknown[] = [];
	for (let place = { seq: 0, letter: 0 }; ; ) {
		const items = await store.readFeed(place, 100);
		const last = items.at(-1);
		if (!last) return told;
		place = last.place;
		for (const item of items) {
			if (item.verdict === "rejected") told.push(item.letter);
			else told.push([item.event, item.profileId, item.identity.identifiers, item.identity.refused]);
		}
	}
}

describe("the answers of PostgreSQL", () => {
	let file: TempStore;
	let schema: TestSchema;
	let store: Store;

	beforeAll(async () => {
		file = await openTempStore(config, "sqlite");
		schema = await makeSchema();
		for (const [instance, stream] of fc.sample(streams, { seed, numRuns: instances }).entries()) {
			for (const step of instantiate(stream, instance).steps) {
				if (step.kind === "events") await file.store.ingest(step.events);
				else if (step.kind === "correct") await file.store.correct(step.correction, attribution(step.at));
				else await file.store.deleteProfile(step.of, { ...step, dryRun: false }, attribution(step.at));
			}
		}
		const letters = ["odd", "odd", "even", "odd", "even"].map((code, index) => {
			return { source: "web", receivedAt: index, messageId: `l${index}`, code, detail: "why", body: `{"n":${index}}` };
		});
		await file.store.ingest([], letters);
		await file.store.putSource({
			id: "web",
			name: "Web",
			trust: "client",
			options: { a: [1] },
			writeKeys: ["k2", "k1"],
		});
		const key = { id: "s", name: "S", hash: "h", scopes: ["read"], createdAt: 5, lastUsedAt: null };
		await file.store.putSecretKey(key);
		await copyToPostgres({ file: sqliteFile(file.url), url: schema.url, config, progress: () => {}, now: Date.now() });
		store = await openStore(schema.url, { identity: config });
	}, 120_000);

	afterAll(async () => {
		await store.close();
		await file.remove();
		await schema.drop();
	});

	it("are those of a file, to every question, at any time", { timeout: 300_000 }, async () => {
		const [expected, answers] = [await askAll(file.store), await askAll(store)];
		for (const [index, answer] of answers.entries()) expect(answer).toEqual(expected[index]);
		expect(answers.filter((answer) => (answer as { profile?: unknown } | null)?.profile).length).toBeGreaterThan(50);
	});

	it("are those of a file when it is exported, and when it is followed", { timeout: 120_000 }, async () => {
		expect(await exportAll(schema.url)).toEqual(await exportAll(file.url));
		const told = await follow(store);
		expect(told.length).toBeGreaterThan(20);
		expect(told).toEqual(await follow(file.store));
	});

	it("are found by indexes", { timeout: 120_000 }, async () => {
		const asked = new Map<string, Statement>();
		const pool = openPool(readPostgresUrl(schema.url));
		const client = await pool.connect();
		try {
			const runWork = createRunWork(client);
			/** Runs work, and notes its statements. */
			function* noted<T>(work: Work<T>): Work<T> {
				let step = work.next();
				while (!step.done) {
					asked.set(step.value.sql, step.value);
					step = work.next(yield step.value);
				}
				return step.value;
			}
			const run = <T>(work: Work<T>) => runWork(noted(work));
			const questions = createQuestions(postgresDialect, config);
			const feed = createFeed(postgresDialect, config);
			for (const identifier of identifiers) {
				for (const at of [{}, { asOf: times[1] as number }]) {
					await run(questions.findProfile(identifier, at));
					await run(questions.listEvents(identifier, { limit: 3, ...at }));
					await run(questions.explainIdentity(identifier, at));
					await run(questions.traitHistory(identifier, "plan", { limit: 3, ...at }));
				}
			}
			for (const id of groups) {
				await run(questions.findGroup(id, { limit: 3 }));
				await run(questions.listGroupEvents(id, { limit: 3 }));
			}
			await run(questions.listProfiles({ limit: 3 }));
			await run(feed.readFeed({ seq: 0, letter: 0 }, 1_000));
			for (const dataset of datasets)
				await run(createDatasets(postgresDialect, config)[dataset].page(null) as Work<unknown>);

			// What cannot be found by an index is looked for in the whole table then too.
			await client.query("SET enable_seqscan = off; SET plan_cache_mode = force_generic_plan");
			const scanning: string[] = [];
			for (const { sql, values } of asked.values()) {
				const { text, bind } = toPostgres(sql);
				const { rows } = await client.query(`EXPLAIN ${text}`, bind(values));
				const plan = rows.map((row) => row["QUERY PLAN"]).join("\n");
				if (/Seq Scan on/.test(plan)) scanning.push(`${sql}\n${plan}`);
			}
			expect(asked.size).toBeGreaterThan(40);
			expect(scanning).toEqual([]);
		} finally {
			client.release(true);
			await pool.end();
		}
	});
});
