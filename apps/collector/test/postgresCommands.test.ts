import { makeDatabase, type TestDatabase } from "@selfsame/store/testing";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createCli } from "./runCli.ts";

let database: TestDatabase;
let cli: ReturnType<typeof createCli>;
beforeEach(async () => {
	database = await makeDatabase("postgres");
	cli = createCli(database.url);
});
afterEach(async () => {
	cli.kill();
	await database.drop();
});
const run = (args: string[], env?: Record<string, string>) => cli.run(args, env).exited;

/** Every command is a process of its own; a busy machine starts each in seconds. ms. */
const MANY_PROCESSES = 120_000;

describe("on PostgreSQL", { timeout: MANY_PROCESSES }, () => {
	it("selfsame migrate says what it did, and does it once", async () => {
		const [one, other] = await Promise.all([run(["migrate"]), run(["migrate"])]);
		expect([one.code, other.code], one.output + other.output).toEqual([0, 0]);
		const both = one.output + other.output;
		expect(both.match(/applied 0000_workspace/g)).toHaveLength(1);
		expect(both.match(/made the partition event_payloads_\d{4}_\d\d/g)).toHaveLength(3);
		expect(both).toContain("nothing to do");
	});

	it("commands that are about files say what to do instead", async () => {
		const backup = await run(["backup", "copy.db"]);
		expect(backup).toMatchObject({ code: 1, output: expect.stringContaining("pg_dump") });
		const migrate = await run(["migrate"], { DATABASE_URL: "file:./nowhere.db" });
		expect(migrate).toMatchObject({ code: 1, output: expect.stringContaining("migrated when it is opened") });
	});

	it("doctor looks for no backup, and names a server that does not sync", async () => {
		const { output } = await run(["doctor"]);
		expect(output).toContain("ok   The database takes writes.");
		expect(output).not.toMatch(/backup/i);
		expect(output).toMatch(/commit/i);
	});

	it("a server that is not there, and a URL with a slip, are told in one line without the password", async () => {
		const gone = new URL(database.url);
		gone.password = "hush";
		const slip = new URL(gone);
		gone.port = "1";
		slip.searchParams.set("pool", "3");
		for (const [url, message] of [
			[gone.href, "ECONNREFUSED"],
			[slip.href, '"pool"'],
		] as const) {
			const { code, output } = await run(["start"], { DATABASE_URL: url });
			expect(code).toBe(1);
			expect(output).toContain(message);
			expect(output.trim().split("\n")).toHaveLength(1);
			expect(output).not.toContain("hush");
		}
	});
});
