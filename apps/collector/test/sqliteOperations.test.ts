import { spawn } from "node:child_process";
import { once } from "node:events";
import { dirname, join } from "node:path";
import { makeDatabase } from "@selfsame/store/testing";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { startCollector, type TestCollector, track } from "./startCollector.ts";

let collector: TestCollector;
let file: string;
beforeEach(async () => {
	const database = await makeDatabase("sqlite");
	file = database.url.slice("file:".length);
	collector = await startCollector({ database });
});
afterEach(() => collector.stop());

/** Holds the database's write lock from another process, as a stuck tool would. @returns what lets it go. */
async function lock(file: string): Promise<() => Promise<void>> {
	const script = `const { DatabaseSync } = require("node:sqlite");
		const held = new DatabaseSync(process.argv[1]);
		held.exec("BEGIN IMMEDIATE"); console.log("locked"); setInterval(() => held.isOpen, 1_000);`;
	const child = spawn(process.execPath, ["-e", script, file], { stdio: ["ignore", "pipe", "inherit"] });
	await once(child.stdout, "data");
	return async () => {
		child.kill();
		await once(child, "exit");
	};
}

describe("a SQLite file that another process locks", () => {
	it("is answered 503, /ready says why, and it recovers by itself", async () => {
		await collector.send([track({ messageId: "before" })]);
		const unlock = await lock(file);
		const refused = await collector.send([track({ messageId: "during" })]);
		expect(refused.status).toBe(503);
		expect(refused.headers.get("retry-after")).toMatch(/^\d+$/);
		expect(refused.body).toMatchObject({ code: "storage_unavailable" });
		const ready = await collector.call<{ code: string; detail: string }>("/ready");
		expect(ready.status).toBe(503);
		expect(ready.body.detail).toMatch(/lock/i);
		expect((await collector.call("/health")).status).toBe(200);
		await unlock();
		expect((await collector.send([track({ messageId: "during" })])).body).toMatchObject({ accepted: 1, duplicates: 0 });
		await expect.poll(async () => (await collector.call("/ready")).status).toBe(200);
		expect((await collector.profile("user_id:u1"))?.eventCount).toBe(2);
	});
});

describe("diagnostics of a SQLite file", () => {
	it("know that commits are synced, and when a backup was made", async () => {
		expect(await collector.store.diagnostics()).toMatchObject({ durable: true, lastBackupAt: null });
		const before = Date.now();
		await collector.store.backup(join(dirname(file), "copy.db"));
		expect((await collector.store.diagnostics()).lastBackupAt).toBeGreaterThanOrEqual(before);
	});
});
