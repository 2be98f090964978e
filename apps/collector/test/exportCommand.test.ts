import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { askDuckDb } from "./duckdb.ts";
import { createCli } from "./runCli.ts";
import { startCollector, type TestCollector, track } from "./startCollector.ts";

describe("selfsame export", () => {
	let collector: TestCollector;
	let cli: ReturnType<typeof createCli>;
	let folder: string;
	beforeAll(async () => {
		collector = await startCollector();
		await collector.send([
			{ type: "identify", userId: "u1", traits: { email: "u1@x.io", plan: "pro" } },
			track({ anonymousId: "a1" }),
			track({ userId: "u2" }),
		]);
		cli = createCli(collector.databaseUrl);
		folder = mkdtempSync(join(tmpdir(), "selfsame-export-"));
	});
	afterAll(async () => {
		cli.kill();
		rmSync(folder, { recursive: true, force: true });
		await collector.stop();
	});

	const run = (...args: string[]) => cli.run(["export", ...args]).exited;
	const path = (name: string) => join(folder, name);

	it("writes a file beside a running server, for its owner alone", async () => {
		const { code, output } = await run("profiles", "--format", "parquet", "--out", path("profiles.parquet"));
		expect(output).toContain("100 % (2 of 2 profiles)");
		expect(output).toContain(`Wrote ${path("profiles.parquet")}: 2 rows.`);
		expect(code).toBe(0);
		const sql = "SELECT traits->>'plan' AS plan, eventCount FROM read_parquet(FILE) ORDER BY 1";
		expect(await askDuckDb(readFileSync(path("profiles.parquet")), sql)).toEqual([
			{ plan: "pro", eventCount: "2" },
			{ plan: null, eventCount: "1" },
		]);
		expect(statSync(path("profiles.parquet")).mode & 0o777).toBe(0o600);
		expect(readdirSync(folder)).toEqual(["profiles.parquet"]);
	});

	it("writes to standard output, masked where that is asked for", async () => {
		const plain = await run("identifiers", "--format", "csv", "--out", "-");
		expect(plain.output.split("\n")[0]).toBe("profileId,type,value,firstSeen,lastSeen");
		const masked = await run("profiles", "--out", "-", "--masked");
		expect(masked.output).toContain('"email":"***"');
		expect(masked.output).not.toContain("u1@x.io");
		expect(masked.code).toBe(0);
	});

	it("does not write over a file unless told to", async () => {
		writeFileSync(path("events.csv"), "mine");
		const refused = await run("events", "--format", "csv", "--out", path("events.csv"));
		expect(refused).toMatchObject({ code: 1, output: expect.stringContaining("--force") });
		expect(readFileSync(path("events.csv"), "utf8")).toBe("mine");
		expect((await run("events", "--format", "csv", "--out", path("events.csv"), "--force")).code).toBe(0);
		expect(readFileSync(path("events.csv"), "utf8").split("\n")).toHaveLength(3 + 2);
	});

	it("says what to do instead", async () => {
		expect(await run("everything", "--out", "-")).toMatchObject({
			code: 1,
			output: expect.stringContaining("profiles"),
		});
		const nowhere = await run("events", "--out", path("nowhere/events.ndjson"));
		expect(nowhere).toMatchObject({ code: 1, output: expect.stringContaining("Make it, or name another file") });
		const none = await cli.run(["export", "events", "--out", "-"], { DATABASE_URL: `file:${path("no.db")}` }).exited;
		expect(none).toMatchObject({ code: 1, output: expect.stringContaining("There is no database at") });
		const itself = path("itself.db");
		const url = { DATABASE_URL: `file:${itself}` };
		await cli.run(["keys", "create", "x"], url).exited;
		symlinkSync(itself, path("link.db"));
		for (const out of [itself, `${itself}-wal`, path("link.db")]) {
			const refused = await cli.run(["export", "events", "--out", out, "--force"], url).exited;
			expect(refused).toMatchObject({ code: 1, output: expect.stringContaining("is the database itself") });
		}
		const device = await run("events", "--out", folder, "--force");
		expect(device).toMatchObject({ code: 1, output: expect.stringContaining("is no file") });
	});

	it("helps with examples", async () => {
		const { output } = await run("--help");
		expect(output).toContain("$ selfsame export profiles --format parquet --out profiles.parquet");
	});
});
