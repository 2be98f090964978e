import { existsSync, mkdtempSync, readFileSync, realpathSync, rmSync, statSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { databaseOfRun, makeDatabase, type TestDatabase } from "@selfsame/store/testing";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { checkedFetch } from "./checkedFetch.ts";
import { createCli } from "./runCli.ts";
import { basic, track } from "./startCollector.ts";

let directory: string;
let database: TestDatabase;
let cli: ReturnType<typeof createCli>;
const run = (...args: Parameters<typeof cli.run>) => cli.run(...args);
const startServer = (env?: Record<string, string>, cwd?: string) => cli.start(env, cwd);
beforeEach(async () => {
	directory = mkdtempSync(join(tmpdir(), "selfsame-cli-"));
	database = await makeDatabase();
	cli = createCli(database.url);
});
afterEach(async () => {
	cli.kill();
	await database.drop();
	rmSync(directory, { recursive: true, force: true });
});

const send = (url: string, key: string, messageId: string) =>
	checkedFetch(`${url}/v1/batch`, {
		method: "POST",
		headers: basic(key),
		body: JSON.stringify({ batch: [track({ messageId })] }),
	});

describe("selfsame start", () => {
	it("makes keys once and shows where, keeps them, and exits 0 on SIGTERM with all it acknowledged stored", async () => {
		const keep = databaseOfRun === "sqlite" ? dirname(database.url.slice("file:".length)) : join(directory, "data");
		const first = await startServer({}, directory);
		const [, file = ""] = /its owner can read: (\S+)/.exec(first.output()) ?? [];
		expect(dirname(file)).toBe(realpathSync(keep));
		expect(statSync(file).mode & 0o777).toBe(0o600);
		const kept = readFileSync(file, "utf8");
		const [, writeKey = ""] = /^SELFSAME_WRITE_KEY=(ssw_\S+)$/m.exec(kept) ?? [];
		const [, apiKey = ""] = /^SELFSAME_API_KEY=(sss_\S+)$/m.exec(kept) ?? [];
		// What a server prints ends up in logs.
		expect(first.output()).not.toContain(writeKey);
		expect(first.output()).not.toContain(apiKey);
		const [, webKey = ""] = /"web" \(for pages\): (ssw_\S+)/.exec(first.output()) ?? [];
		expect((await send(first.url, webKey, "from-web")).status).toBe(200);
		const sent = Array.from({ length: 30 }, (_, at) => send(first.url, writeKey, `m${at}`).catch(() => null));
		await Promise.race(sent);
		first.child.kill("SIGTERM");
		const accepted = (await Promise.all(sent)).filter((response) => response?.status === 200).length;
		expect(await first.exited).toMatchObject({ code: 0 });
		expect(accepted).toBeGreaterThan(0);

		const second = await startServer();
		expect(second.output()).not.toContain("key");
		const answer = await checkedFetch(`${second.url}/v1/profiles/user_id:u1`, {
			headers: { authorization: `Bearer ${apiKey}` },
		});
		expect(((await answer.json()) as { eventCount: number }).eventCount).toBeGreaterThanOrEqual(accepted);
		expect((await send(second.url, writeKey, "m0")).status).toBe(200);
		second.child.kill("SIGINT");
		expect(await second.exited).toMatchObject({ code: 0 });
		if (databaseOfRun === "sqlite") {
			expect(readFileSync(database.url.slice("file:".length)).includes(apiKey)).toBe(false);
		}
	});

	it("exits 0 on SIGTERM though a client never finishes what it began, and commits what others sent", async () => {
		const server = await startServer({ SELFSAME_WRITE_KEY: "write", SELFSAME_API_KEY: "secret" });
		const { port } = new URL(server.url);
		const socket = connect(Number(port), "127.0.0.1");
		socket.on("error", () => {});
		const { authorization } = basic("write");
		socket.write(
			`POST /v1/batch HTTP/1.1\r\nhost: x\r\nauthorization: ${authorization}\r\ncontent-length: 999\r\n\r\n{`,
		);
		expect((await send(server.url, "write", "m1")).status).toBe(200);
		server.child.kill("SIGTERM");
		// Its own watchdog ends it with 1 before the ten seconds that it may take are over.
		expect(await server.exited).toMatchObject({ code: 0 });
		const again = await startServer({ SELFSAME_WRITE_KEY: "write", SELFSAME_API_KEY: "secret" });
		expect(await (await send(again.url, "write", "m1")).json()).toMatchObject({ duplicates: 1 });
	});

	it("takes short keys where only this machine can try them, with a warning, and nowhere else", async () => {
		const short = { SELFSAME_WRITE_KEY: "write", SELFSAME_API_KEY: "secret" };
		const local = await startServer(short);
		expect(local.output()).toMatch(/SELFSAME_WRITE_KEY and SELFSAME_API_KEY have fewer than 16 characters/);
		const { code, output } = await run(["start"], { ...short, HOST: "0.0.0.0" }).exited;
		expect([code, output]).toEqual([1, expect.stringContaining("can be reached from elsewhere")]);
		const long = { SELFSAME_WRITE_KEY: "write-key-0123456", SELFSAME_API_KEY: "secret-key-012345", HOST: "0.0.0.0" };
		expect((await startServer(long)).output()).not.toContain("fewer");
	});

	it.each([
		["a port that is none", { PORT: "x" }, "PORT"],
		["a configuration with a slip", { SELFSAME_CONFIG: "config.json" }, 'Did you mean "blockedValues"'],
		["an address of another machine", { HOST: "203.0.113.1" }, "HOST"],
	])("refuses %s in one line", async (_, env: Record<string, string>, message) => {
		const config = join(directory, "config.json");
		writeFileSync(config, '{"blockedValue": []}');
		const { code, output } = await run(["start"], {
			...env,
			...(env.SELFSAME_CONFIG ? { SELFSAME_CONFIG: config } : {}),
		}).exited;
		expect(code).toBe(1);
		expect(output).toContain(message);
		expect(output).not.toContain("    at ");
	});
});

/** Every command is a process of its own; a busy machine starts each in seconds. ms. */
const MANY_PROCESSES = 240_000;

describe("the other commands", { timeout: MANY_PROCESSES }, () => {
	it("work beside a running server: sources, keys", async () => {
		const server = await startServer({ SELFSAME_WRITE_KEY: "write", SELFSAME_API_KEY: "secret" });
		const made = (await run(["sources", "create", "web", "--trust", "client"]).exited).output;
		const [webKey = ""] = /ssw_\S+/.exec(made) ?? [];
		const [readKey = ""] = /sss_\S+/.exec((await run(["keys", "create", "analyst"]).exited).output) ?? [];
		await run(["sources", "set", "web", "allowedOrigins", '["https://shop.example"]']).exited;
		// Changes made elsewhere are seen within seconds.
		await expect
			.poll(() => send(server.url, webKey, "from-web").then(({ status }) => status), { timeout: 60_000 })
			.toBe(200);
		const ask = (key: string, method = "GET") =>
			checkedFetch(`${server.url}/v1/profiles/user_id:u1`, { method, headers: { authorization: `Bearer ${key}` } });
		await expect.poll(() => ask(readKey).then(({ status }) => status), { timeout: 60_000 }).toBe(200);
		expect((await ask(readKey, "DELETE")).status).toBe(403);

		await run(["keys", "create", "support", "--scopes", "read,pii:read"]).exited;

		const keys = (await run(["keys", "list"]).exited).output;
		expect(keys).toMatch(/analyst\s+read {2}/);
		expect(keys).toMatch(/support\s+read, pii:read {2}/);
		expect(keys).not.toContain(readKey);
		expect((await run(["sources", "list"]).exited).output).toContain("https://shop.example");
		const [, id = ""] = /(key_\S+)\s+analyst/.exec(keys) ?? [];
		expect((await run(["keys", "remove", id]).exited).code).toBe(0);
		await expect.poll(() => ask(readKey).then(({ status }) => status), { timeout: 60_000 }).toBe(401);
	});

	it.skipIf(databaseOfRun === "postgres")("backup writes a copy that serves (only SQLite's files)", async () => {
		const server = await startServer({ SELFSAME_WRITE_KEY: "write", SELFSAME_API_KEY: "secret" });
		expect((await send(server.url, "write", "m1")).status).toBe(200);
		const copy = join(directory, "copy.db");
		expect((await run(["backup", copy]).exited).code).toBe(0);
		expect((await run(["backup", copy]).exited).output).toContain("exists already");
		const restored = await startServer({ DATABASE_URL: `file:${copy}`, SELFSAME_API_KEY: "secret" });
		const answer = await checkedFetch(`${restored.url}/v1/profiles/user_id:u1`, {
			headers: { authorization: "Bearer secret" },
		});
		expect(await answer.json()).toMatchObject({ eventCount: 1 });
	});

	it("say what is wrong, and what there is instead", async () => {
		await run(["sources", "create", "web", "--trust", "client"]).exited;
		for (const [args, message] of [
			[["strat"], "start"],
			[["sources", "set", "web", "alowedOrigins", "[]"], "Did you mean allowedOrigins?"],
			[["sources", "set", "web", "ip", "off"], "must be JSON"],
			[["sources", "create", "Web Shop", "--trust", "client"], "lower-case"],
			[["sources", "create", "selfsame", "--trust", "server"], "server's own"],
			[["keys", "remove", "key_x"], "selfsame keys list"],
			[["keys", "create", "x", "--scopes", "write"], "no scope. There are read, pii:read, admin"],
			[["keys", "create", "two\nlines"], "no line breaks"],
			[["sources", "create", "app", "--trust", "client", "--name", "two\nlines"], "no line breaks"],
			[["sources", "set", "web", "allowedOrigins", '["https://a.example/"]'], "browsers send `https://a.example`"],
			[["sources", "set", "web", "identityVerification", '"enforce"'], "sources set web identitySecrets"],
			[["keys", "delete", "x"], "--help shows what there is"],
		] as const) {
			const { code, output } = await run([...args]).exited;
			expect(code).not.toBe(0);
			expect(output).toContain(message);
		}
	});

	it("refuse options that would do nothing, and one key for two purposes", async () => {
		const same = { SELFSAME_WRITE_KEY: "same", SELFSAME_API_KEY: "same" };
		expect(await run(["start"], same).exited).toMatchObject({
			code: 1,
			output: expect.stringContaining("Use another"),
		});
		await run(["sources", "create", "backend", "--trust", "server"]).exited;
		const { code, output } = await run(["sources", "set", "backend", "identityVerification", '"enforce"']).exited;
		expect([code, output]).toEqual([1, expect.stringContaining("for client sources")]);
	});

	it.each([
		["nothing", null, "There is no database at"],
		["a text", "no database at all, but a text that is long enough", "is no database"],
	])("say so where %s is in the database's place, and leave it as it is", async (_, content, message) => {
		const file = join(directory, "other.db");
		if (content !== null) writeFileSync(file, content);
		for (const args of [
			["backup", join(directory, "b.db")],
			["verify"],
			["rebuild"],
			["export", "events", "--out", "-"],
		]) {
			const { code, output } = await run(args, { DATABASE_URL: `file:${file}` }).exited;
			expect([args[0], code, output]).toEqual([args[0], 1, expect.stringContaining(message)]);
		}
		expect(existsSync(file) ? readFileSync(file, "utf8") : null).toBe(content);
	});

	it("do their work though nobody reads on", async () => {
		const { child, exited } = run(["config-schema"]);
		child.stdout.destroy();
		expect(await exited).toEqual({ code: 0, output: "" });
	});

	it("doctor names a fix for all that is not well", async () => {
		const { output } = await run(["doctor"]).exited;
		// The PostgreSQL of tests syncs nothing, and doctor says so.
		const synced =
			databaseOfRun === "sqlite"
				? /^ok {3}Every commit is synced/m
				: /^(ok {3}Every commit is|FAIL Commits are not) synced/m;
		expect(output).toMatch(synced);
		expect(output).toMatch(/FAIL No secret key[^\n]*\n {5}Fix: selfsame keys create/);
		expect(output).toMatch(/No event has ever been stored/);
		for (const block of output.split(/\n(?=ok|warn|FAIL)/))
			if (!block.startsWith("ok")) expect(block).toContain("Fix:");
	});
});
