import { copyFileSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openStore } from "@selfsame/store";
import { disownDevices } from "@selfsame/store/testing";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { parseConfig, toIdentityConfig } from "../src/config.ts";
import { checkedFetch } from "./checkedFetch.ts";
import { createCli } from "./runCli.ts";
import { basic, track } from "./startCollector.ts";

/** Every command is a process of its own; a busy machine starts each in seconds. ms. */
const MANY_PROCESSES = 240_000;
const keys = { SELFSAME_WRITE_KEY: "write", SELFSAME_API_KEY: "secret" };
const identity = toIdentityConfig(parseConfig({}));

let directory: string;
let file: string;
let cli: ReturnType<typeof createCli>;
beforeEach(() => {
	directory = mkdtempSync(join(tmpdir(), "selfsame-maintenance-"));
	file = join(directory, "selfsame.db");
	cli = createCli(`file:${file}`);
});
afterEach(() => {
	cli.kill();
	rmSync(directory, { recursive: true, force: true });
});

const send = async (url: string, key: string, events: unknown[]) => {
	const body = JSON.stringify({ batch: events });
	const answer = await checkedFetch(`${url}/v1/batch`, { method: "POST", headers: basic(key), body });
	expect(await answer.json()).toMatchObject({ accepted: events.length });
};
const profile = async (url: string, ref: string) => {
	const answer = await checkedFetch(`${url}/v1/profiles/${ref}`, { headers: { authorization: "Bearer secret" } });
	return answer.status === 200 ? ((await answer.json()) as { eventCount: number; traits: object }) : null;
};

describe("maintenance from the command line", { timeout: MANY_PROCESSES }, () => {
	it("purges beside a running server what a key brought, and nothing else", async () => {
		const server = await cli.start(keys);
		const [webKey = ""] =
			/ssw_\S+/.exec((await cli.run(["sources", "create", "web", "--trust", "client"]).exited).output) ?? [];
		await send(server.url, "write", [{ type: "identify", userId: "u1", traits: { plan: "pro" } }]);
		const since = new Date().toISOString();
		await expect
			.poll(
				async () =>
					(await checkedFetch(`${server.url}/v1/t`, { method: "POST", headers: basic(webKey), body: "{}" })).status,
				{ timeout: 60_000 },
			)
			.toBe(200);
		await send(server.url, webKey, [
			{ type: "identify", userId: "u1", anonymousId: "bot", traits: { plan: "SPAM" } },
			...Array.from({ length: 30 }, (_, at) => track({ userId: `spam${at}`, anonymousId: "bot" })),
		]);
		await cli.run(["sources", "remove-key", "web", webKey]).exited;
		const args = ["purge", "--key", webKey, "--since", since];
		expect((await cli.run([...args, "--dry-run"]).exited).output).toContain("31 events came in");
		expect(await profile(server.url, "user_id:spam1")).not.toBeNull();
		expect(await cli.run([...args, "--until", since.replace(/^\d+/, "2999")]).exited).toMatchObject({ code: 0 });
		expect(await profile(server.url, "user_id:spam1")).toBeNull();
		expect(await profile(server.url, "user_id:u1")).toMatchObject({ eventCount: 1, traits: { plan: "pro" } });
		// The device was the bot's, and is whoever's comes next, though the server had seen it with others.
		await send(server.url, "write", [track({ userId: "u2", anonymousId: "bot" })]);
		expect(await profile(server.url, "anonymous_id:bot")).toMatchObject({ eventCount: 1 });
		expect((await cli.run(args).exited).output).toContain("No event came in with this key");
		expect(await cli.run(["verify"]).exited).toMatchObject({ code: 0 });
	});

	it("verifies: quietly while profiles are what events say, loudly and with exit 1 when one is not", async () => {
		const store = await openStore(`file:${file}`, { identity });
		const event = { source: "server", trust: "server", type: "track", name: "E", timestamp: 1, receivedAt: 1 } as const;
		await store.ingest([
			{ ...event, messageId: "1", claims: { anonymousId: "a1" }, payload: "{}" },
			{ ...event, messageId: "2", claims: { anonymousId: "a1", userId: "somebody" }, payload: "{}" },
		]);
		await store.close();
		const good = await cli.run(["verify"]).exited;
		expect(good.output).toMatch(/100 % \(2 of 2/);
		expect(good.output).toContain("2 events, 1 profiles: every profile is what its events say");
		expect(good.code).toBe(0);
		disownDevices(file);
		const bad = await cli.run(["verify"]).exited;
		expect(bad.code).toBe(1);
		expect(bad.output).toMatch(/pro_\S+: differs in .*eventCount/);
		expect(bad.output).not.toContain("somebody");
		expect((await cli.run(["rebuild"]).exited).output).toContain("are in force");
		expect((await cli.run(["verify"]).exited).code).toBe(0);
	});

	it("restores a backup, which verify accepts, with all that was acknowledged before it", async () => {
		const server = await cli.start(keys);
		await send(server.url, "write", [track({ userId: "u1", anonymousId: "a1" }), track({ anonymousId: "a1" })]);
		const backup = join(directory, "backup.db");
		expect((await cli.run(["backup", backup]).exited).code).toBe(0);
		await send(server.url, "write", [track({ userId: "u1" })]);
		server.child.kill("SIGKILL");
		await server.exited;
		for (const suffix of ["-wal", "-shm"]) rmSync(file + suffix, { force: true });
		copyFileSync(backup, file);
		expect(await cli.run(["verify"]).exited).toMatchObject({ code: 0 });
		const restored = await cli.start(keys);
		expect(await profile(restored.url, "user_id:u1")).toMatchObject({ eventCount: 2 });
		await send(restored.url, "write", [track({ userId: "u1" })]);
	});

	it("rebuilds under new rules, beside a server that takes over when it starts with them", async () => {
		const config = join(directory, "config.json");
		writeFileSync(config, JSON.stringify({ identifiers: { email: {} } }));
		const changed = { ...keys, SELFSAME_CONFIG: config };
		const server = await cli.start(keys);
		const contact = (anonymousId: string) => ({ type: "identify", anonymousId, traits: { email: "a@b.co" } });
		await send(server.url, "write", [contact("a1"), contact("a2")]);
		expect(await profile(server.url, "anonymous_id:a1")).toMatchObject({ eventCount: 1 });
		const refused = await cli.run(["verify"], changed).exited;
		expect(refused).toMatchObject({ code: 1 });
		expect(refused.output).toContain("selfsame rebuild");
		expect((await cli.run(["rebuild"], changed).exited).output).toContain("not in force yet");
		await send(server.url, "write", [contact("a3")]);
		server.child.kill("SIGTERM");
		await server.exited;
		const next = await cli.start(changed);
		expect(await profile(next.url, "anonymous_id:a1")).toMatchObject({ eventCount: 3 });
		expect(readdirSync(directory).filter((name) => name.includes(".before-rebuild-"))).toHaveLength(1);
	});

	it("teaches each command", async () => {
		for (const command of ["purge", "verify", "rebuild", "backup"]) {
			const { code, output } = await cli.run([command, "--help"]).exited;
			expect(code).toBe(0);
			expect(output).toMatch(/Examples?:\n {2}\$ /);
		}
		for (const [args, message] of [
			[["purge", "--since", "1h"], "--key"],
			[["purge", "--key", "k", "--since", "yesterday"], "2026-01-31T12:00:00Z"],
			[["purge", "--key", "k", "--since", "1h", "--until", "2h"], "later than --since"],
			[["purge", "--key", "k", "--since", "99999999999d"], "2026-01-31T12:00:00Z"],
		] as const) {
			const { code, output } = await cli.run([...args]).exited;
			expect(code).toBe(1);
			expect(output).toContain(message);
		}
	});
});
