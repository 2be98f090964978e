import { setTimeout as wait } from "node:timers/promises";
import { defaultIdentityConfig as identity } from "@selfsame/identity";
import { openStore } from "@selfsame/store";
import { expect, it } from "vitest";
import { openPool } from "../../src/postgres/openPool.ts";
import { readPostgresUrl } from "../../src/postgres/readUrl.ts";
import { toAccepted } from "../toAccepted.ts";
import { makeSchema } from "./makeSchema.ts";

const event = (messageId: string) =>
	toAccepted(
		{ type: "track", event: "Seen", messageId, userId: "u", timestamp: "2026-01-01T00:00:00.000Z" },
		{ source: "server", trust: "server" },
	);

it("a deleted person's event that two collectors get at the same time is erased once", async () => {
	const schema = await makeSchema();
	const stores = [await openStore(schema.url, { identity }), await openStore(schema.url, { identity })] as const;
	await stores[0].ingest([event("first")]);
	const by = { actor: "test", reason: "a test", at: Date.UTC(2026, 1) };
	await stores[0].deleteProfile({ type: "user_id", value: "u" }, { suppress: false, dryRun: false }, by);

	// Both judge it before either may write that it is gone.
	const pool = openPool(readPostgresUrl(schema.url));
	const holder = await pool.connect();
	await holder.query("BEGIN; LOCK TABLE gone_messages IN SHARE MODE");
	const sent = stores.map((store) => store.ingest([event("late")]));
	const waiting = "SELECT 1 FROM pg_locks WHERE relation = 'gone_messages'::regclass AND NOT granted";
	while ((await holder.query(waiting)).rows.length < 2) await wait(5);
	await holder.query("COMMIT");
	holder.release();
	const verdicts = (await Promise.all(sent)).map(([result]) => result?.verdict);
	expect(verdicts.sort()).toEqual(["duplicate", "erased"]);
	// The first one was erased with the person.
	expect(await stores[0].stats()).toMatchObject({ erased: 2, duplicates: 1 });
	await pool.end();
	for (const store of stores) await store.close();
	await schema.drop();
});
