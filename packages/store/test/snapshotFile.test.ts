import { readdirSync, statSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { openSnapshot, type Store, sqliteFile } from "@selfsame/store";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { configs } from "./configs.ts";
import { readBySnapshot } from "./datasets.ts";
import { numberedTrack } from "./numberedTrack.ts";
import { openTempStore, type TempStore } from "./tempStore.ts";

const identity = configs["two emails"] as (typeof configs)[string];

describe("a snapshot of a SQLite file", () => {
	let temp: TempStore;
	beforeEach(async () => {
		temp = await openTempStore(identity, "sqlite");
	});
	afterEach(() => temp.remove());

	it("leaves the log free to be reused, however slowly it is read", async () => {
		const fat = { note: "x".repeat(20_000) };
		const ingest = (store: Store, from: number) =>
			store.ingest(Array.from({ length: 250 }, (_, index) => numberedTrack(from + index, fat)));
		await ingest(temp.store, 0);
		const snapshot = await openSnapshot(temp.url, { identity });
		const pages = snapshot.pages("events")[Symbol.asyncIterator]();
		await pages.next();
		// 200 MB, where the log starts anew after a fraction of that.
		for (let batch = 1; batch <= 40; batch++) await ingest(temp.store, batch * 250);
		expect(statSync(`${sqliteFile(temp.url)}-wal`).size).toBeLessThan(100 * 1024 * 1024);
		expect((await pages.next()).done).toBe(true);
		await snapshot.close();
	});

	/** What lies beside the database and has its name, without the database itself. */
	const copies = () => {
		const file = sqliteFile(temp.url);
		return readdirSync(dirname(file)).filter((name) => name.startsWith(`${basename(file)}.`));
	};

	it("has no name on the disk while it is read, and is gone when it is closed", async () => {
		await temp.store.ingest([numberedTrack(1)]);
		const snapshot = await openSnapshot(temp.url, { identity });
		if (process.platform !== "win32") expect(copies()).toEqual([]);
		await temp.store.deleteProfile(
			{ type: "user_id", value: "u1" },
			{ suppress: false, dryRun: false },
			{ actor: "test", reason: "", at: Date.now() },
		);
		expect((await readBySnapshot(snapshot)).profiles).toHaveLength(1);
		await snapshot.close();
		expect(copies()).toEqual([]);
	});

	it("that a crash left half made is removed at the next start", async () => {
		const left = join(dirname(sqliteFile(temp.url)), `${basename(sqliteFile(temp.url))}.snapshot-0190`);
		writeFileSync(left, "SQLite format 3\0 and then nothing");
		writeFileSync(`${left}-journal`, "half of it");
		await temp.reopen();
		expect(copies()).toEqual([]);
	});

	it("leaves nothing behind where it is refused", async () => {
		await temp.store.ingest([numberedTrack(1)]);
		const other = configs["users and devices"] as typeof identity;
		await expect(openSnapshot(temp.url, { identity: other })).rejects.toThrow(/rules/);
		expect(copies()).toEqual([]);
	});
});
