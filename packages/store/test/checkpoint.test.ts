import { readdirSync, readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { defaultIdentityConfig } from "@selfsame/identity";
import type { AcceptedEvent } from "@selfsame/protocol";
import { sqliteFile } from "@selfsame/store";
import Database from "better-sqlite3";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { openTempStore, type TempStore } from "./tempStore.ts";

/** Events of 16 kB each, made of words of their own. */
const events = (count: number, word: string): AcceptedEvent[] =>
	Array.from({ length: count }, (_, i) => ({
		source: "server",
		trust: "server",
		messageId: `${word}-${i}`,
		type: "track",
		name: "E",
		timestamp: i,
		receivedAt: i,
		claims: { userId: word },
		payload: JSON.stringify({ properties: { text: `${word} `.repeat(16_384 / (word.length + 1)) } }),
	}));

describe("the log of a file that is being written", () => {
	let temp: TempStore;
	let own: Database.Database;
	beforeEach(async () => {
		temp = await openTempStore(defaultIdentityConfig, "sqlite");
		own = new Database(sqliteFile(temp.url));
	});
	afterEach(async () => {
		own.close();
		await temp.remove();
	});
	const checkpoint = (mode: "NOOP" | "PASSIVE") =>
		(own.pragma(`wal_checkpoint(${mode})`) as { busy: number; log: number; checkpointed: number }[])[0];

	it("is copied back beside the commits once it is long, and begins anew", async () => {
		const words = ["one", "two", "three", "four", "five", "six"];
		for (const word of words) await temp.store.ingest(events(200, word));
		await vi.waitFor(
			() => {
				const { log = 0, checkpointed } = checkpoint("NOOP") ?? {};
				expect(checkpointed).toBe(log);
			},
			{ timeout: 20_000, interval: 20 },
		);
		await temp.store.ingest(events(1, "seven"));
		expect(checkpoint("NOOP")?.log).toBeLessThan(100);
		expect(await temp.store.stats()).toMatchObject({ events: 1_201, profiles: 7 });
	});

	it("holds nothing of a deleted person, though it was being copied when they were deleted", async () => {
		await temp.store.ingest(events(700, "ZEBRA"));
		await temp.store.ingest(events(1, "other"));
		const erasing = temp.store.deleteProfile(
			{ type: "user_id", value: "ZEBRA" },
			{ suppress: false, dryRun: false },
			{ actor: "tester", reason: "asked to", at: 1_000 },
		);
		// This thread's own, as busy with the log as can be while the deletion goes on in another.
		for (const end = performance.now() + 1_000; performance.now() < end; ) checkpoint("PASSIVE");
		expect(await erasing).toMatchObject({ erasedEvents: 700 });
		const file = sqliteFile(temp.url);
		const names = readdirSync(dirname(file)).filter((name) => name.startsWith(basename(file)));
		expect(names.filter((name) => readFileSync(join(dirname(file), name)).includes("ZEBRA"))).toEqual([]);
	});
});
