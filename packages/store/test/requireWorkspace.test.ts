import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { defaultIdentityConfig } from "@selfsame/identity";
import Database from "better-sqlite3";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openSnapshot, openStore, rebuildStore, verifyStore } from "../src/index.ts";

const options = { identity: defaultIdentityConfig };
let folder: string;
let file: string;
beforeEach(() => {
	folder = mkdtempSync(join(tmpdir(), "selfsame-workspace-"));
	file = join(folder, "w.db");
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const change = (sql: string) => {
	const database = new Database(file);
	database.exec(sql);
	database.close();
};
const quiet = () => {};
/** Everything that opens a workspace, and what it says. */
const answers = async () => [await writerSays(), ...(await readersSay())];
const writerSays = async () =>
	(await saying([() => openStore(`file:${file}`, options).then((store) => store.close())]))[0];
const readersSay = () =>
	saying([
		() => verifyStore(`file:${file}`, options, quiet),
		() => rebuildStore(`file:${file}`, options, quiet),
		() => openSnapshot(`file:${file}`, options).then((snapshot) => snapshot.close()),
	]);
const saying = async (openings: (() => Promise<unknown>)[]) => {
	const said: string[] = [];
	for (const open of openings)
		said.push(
			await open().then(
				() => "opened",
				(error: Error) => error.message,
			),
		);
	return said;
};

describe("a file that is no workspace of this version", () => {
	it("is refused where a newer one wrote it: it would lose what that keeps there", async () => {
		await (await openStore(`file:${file}`, options)).close();
		expect(await answers()).toEqual(["opened", "opened", "opened", "opened"]);
		const later = Date.now() + 1_000_000_000_000;
		change(`INSERT INTO __drizzle_migrations (hash, created_at) VALUES ('later', ${later})`);
		const files = () => readdirSync(folder).filter((name) => !/-(wal|shm)$/.test(name));
		const before = files();
		for (const said of await answers()) expect(said).toMatch(/w\.db was written by a newer version\. Run that one/);
		expect(files()).toEqual(before);
	});

	it("is read only once it is migrated", async () => {
		await (await openStore(`file:${file}`, options)).close();
		change("DELETE FROM __drizzle_migrations WHERE created_at = (SELECT max(created_at) FROM __drizzle_migrations)");
		for (const said of await readersSay()) expect(said).toMatch(/older version.*selfsame doctor/);
	});

	it("is left alone where it is something else's", async () => {
		change("CREATE TABLE events (x)");
		const [writer, ...readers] = await answers();
		expect(writer).toMatch(/is the database of something else/);
		for (const said of readers) expect(said).toMatch(/holds no workspace/);
		const database = new Database(file);
		expect(database.pragma("journal_mode", { simple: true })).toBe("delete");
		expect(database.prepare("SELECT count(*) FROM sqlite_master").pluck().get()).toBe(1);
		database.close();
	});

	it("is named where it is no database, damaged, or a folder", async () => {
		writeFileSync(file, "a text that is long enough to be no header of SQLite's");
		for (const said of await answers()) expect(said).toMatch(/w\.db is no database.*DATABASE_URL/);
		file = folder;
		for (const said of await answers()) expect(said).toMatch(/cannot be opened: it must be a file/);
	});
});
