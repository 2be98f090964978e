import type { IdentityConfig } from "@selfsame/identity";
import type { Identifier, Profile } from "@selfsame/protocol";
import { sqliteFile } from "@selfsame/store";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { compareProfiles, profilesOf } from "../../src/compareProfiles.ts";
import { copyToPostgres } from "../../src/postgres/copy.ts";
import { postgresDialect } from "../../src/postgres/dialect.ts";
import { openPool, patient } from "../../src/postgres/openPool.ts";
import { readPostgresUrl } from "../../src/postgres/readUrl.ts";
import { createRunWork } from "../../src/postgres/runWork.ts";
import { readOnly, transact } from "../../src/postgres/transact.ts";
import { verifyPostgres } from "../../src/postgres/verify.ts";
import { createWriter } from "../../src/postgres/writer.ts";
import { noDecisions } from "../../src/sql/decider.ts";
import { createKeyedHash, hashSecret } from "../../src/sql/keyedHash.ts";
import { createQuestions } from "../../src/sql/questions.ts";
import { configs } from "../configs.ts";
import { instantiate, type StreamStep, streams } from "../streams.ts";
import { openTempStore, type TempStore } from "../tempStore.ts";
import { makeSchema, type TestSchema } from "./makeSchema.ts";

const seed = Number(process.env.SELFSAME_SEED ?? Date.now() % 2 ** 31);
console.info(`copy test: SELFSAME_SEED=${seed}`);

const attribution = (at: number) => ({ actor: "test", reason: "a test", at });

/** `SELFSAME_TEST_SCALE=10` takes ten of the configurations instead of one. */
const scale = Math.max(1, Number(process.env.SELFSAME_TEST_SCALE ?? 1));
const all = Object.entries(configs);
const some = Array.from(
	{ length: Math.min(scale, all.length) },
	(_, i) => all[(seed + i) % all.length] as (typeof all)[0],
);

describe.each(some)("a copy in PostgreSQL, %s", (_, config: IdentityConfig) => {
	let temp: TempStore;
	let schema: TestSchema;
	beforeEach(async () => {
		temp = await openTempStore(config, "sqlite");
		schema = await makeSchema();
	});
	afterEach(async () => {
		await temp.remove();
		await schema.drop();
	});

	const lives = fc
		.sample(streams, { seed, numRuns: 60 })
		.map((stream, instance) => instantiate(stream, instance).steps);
	const deletes = (one: readonly StreamStep[]) => one.some(({ kind }) => kind === "delete");
	/** As many in which somebody is deleted as not. */
	const steps = [...lives.filter(deletes).slice(0, 8), ...lives.filter((one) => !deletes(one)).slice(0, 8)];
	const isOperation = (step: StreamStep) => step.kind !== "events";

	async function play(some: readonly StreamStep[]): Promise<void> {
		for (const step of some) {
			if (step.kind === "events") await temp.store.ingest(step.events);
			else if (step.kind === "correct") await temp.store.correct(step.correction, attribution(step.at));
			else await temp.store.deleteProfile(step.of, { ...step, dryRun: false }, attribution(step.at));
		}
	}
	const copy = () =>
		copyToPostgres({ file: sqliteFile(temp.url), url: schema.url, config, progress: () => {}, now: Date.now() });

	it("has every profile, and takes along what came since", { timeout: 120_000 }, async () => {
		const quiet = steps.filter((one) => !deletes(one));
		for (const one of steps.slice(0, 10)) await play(one);
		const first = await copy();
		expect(first).toMatchObject({ differences: [] });
		expect(first.profiles).toBeGreaterThan(10);
		for (const one of quiet) await play(one);
		const second = await copy();
		expect(second).toMatchObject({ differences: [] });
		expect(second.events).toBeGreaterThan(first.events);
		expect(await verifyPostgres(schema.url, config, () => {})).toEqual(second);
		await temp.store.deleteProfile(
			{ type: "user_id", value: "1u1" },
			{ suppress: false, dryRun: false },
			attribution(9),
		);
	});

	it("is corrected and deleted from as the file is", { timeout: 120_000 }, async () => {
		for (const one of steps) await play(one.filter((step) => !isOperation(step)));
		await copy();
		const pool = openPool(readPostgresUrl(schema.url));
		const slow = openPool(patient(readPostgresUrl(schema.url)));
		try {
			const hash = createKeyedHash(await transact(pool, (client) => createRunWork(client)(hashSecret())));
			const writer = createWriter({ pool, slow, config, hash, counts: noDecisions() });
			const compare = () =>
				transact(
					pool,
					(client) => {
						const run = createRunWork(client);
						const questions = createQuestions(postgresDialect, config);
						const copied = profilesOf((query) => run(questions.listProfiles(query)));
						return compareProfiles(profilesOf(temp.store.listProfiles), copied);
					},
					{ begin: readOnly },
				);
			let deleted = 0;
			const operate = async (step: StreamStep) => {
				await play([step]);
				if (step.kind === "correct") await writer.correct(step.correction, attribution(step.at));
				if (step.kind !== "delete") return;
				const receipt = await writer.deleteProfile(step.of, { ...step, dryRun: false }, attribution(step.at));
				if (receipt) deleted += 1;
			};
			for (const step of steps.flat().filter(isOperation)) await operate(step);
			// By chance, all who were to be deleted may have been nobody.
			const [{ identifiers }] = (await temp.store.listProfiles({ limit: 1 })).data as [Profile];
			await operate({ kind: "delete", of: identifiers[0] as Identifier, suppress: true, at: Date.UTC(2027, 0, 1) });
			expect(await compare()).toMatchObject({ differences: [] });
			expect(deleted).toBeGreaterThan(0);
			expect((await verifyPostgres(schema.url, config, () => {})).differences).toEqual([]);
		} finally {
			await pool.end();
			await slow.end();
		}
	});
});
