import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { defaultIdentityConfig as identity } from "@selfsame/identity";
import type { AcceptedEvent, Page, Profile } from "@selfsame/protocol";
import { openStore } from "@selfsame/store";
import { makeSchema, type TestSchema } from "@selfsame/store/testing";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createCli } from "./runCli.ts";
import { basic } from "./startCollector.ts";

/** Every command is a process of its own; a busy machine starts each in seconds. ms. */
const MANY_PROCESSES = 180_000;
const keys = { SELFSAME_API_KEY: "secret-api-key", SELFSAME_WRITE_KEY: "server-write-key" };

/** More than one page of what is copied at a time, of people who came on a device and signed in there. */
const total = 3_500;
const people = 700;

function event(i: number): AcceptedEvent {
	const person = i % people;
	const signsIn = i >= people;
	return {
		source: "server",
		trust: "server",
		messageId: `m${i}`,
		type: i % 3 === 0 && signsIn ? "identify" : "track",
		timestamp: Date.UTC(2026, 0, 1) + i * 60_000,
		receivedAt: Date.UTC(2026, 0, 1) + i * 60_000,
		claims: signsIn ? { anonymousId: `a${person}`, userId: `u${person}` } : { anonymousId: `a${person}` },
		...(i % 3 === 0 && signsIn ? { traits: { visits: i } } : { name: "Seen" }),
		payload: "{}",
	};
}

let directory: string;
/** The source. */
let file: string;
let target: TestSchema;
let cli: ReturnType<typeof createCli>;
beforeEach(async () => {
	directory = mkdtempSync(join(tmpdir(), "selfsame-copy-"));
	file = `file:${join(directory, "selfsame.db")}`;
	await fill(Array.from({ length: total }, (_, i) => event(i)));
	target = await makeSchema();
	cli = createCli(target.url);
});
afterEach(async () => {
	cli.kill();
	await target.drop();
	rmSync(directory, { recursive: true });
});

async function fill(events: readonly AcceptedEvent[], url = file): Promise<void> {
	const store = await openStore(url, { identity });
	await store.ingest([...events]);
	await store.close();
}

const copy = (to: string[] = ["--to", target.url]) => cli.run(["copy", "--from", file, ...to]);

/** Every profile, as a server on a database answers. */
async function readProfiles(databaseUrl: string): Promise<Profile[]> {
	const server = await cli.start({ ...keys, DATABASE_URL: databaseUrl });
	const profiles: Profile[] = [];
	for (let cursor: string | null = ""; cursor !== null; ) {
		const url = `${server.url}/v1/profiles?limit=500${cursor && `&cursor=${cursor}`}`;
		const answer = await fetch(url, { headers: { authorization: `Bearer ${keys.SELFSAME_API_KEY}` } });
		expect(answer.status).toBe(200);
		const { data, page } = (await answer.json()) as Page<Profile>;
		profiles.push(...data);
		cursor = page.next;
	}
	server.child.kill("SIGTERM");
	await server.exited;
	return profiles;
}

describe("selfsame copy", { timeout: MANY_PROCESSES }, () => {
	it("moves a workspace while its server goes on, and takes along what came meanwhile", async () => {
		const server = await cli.start({ ...keys, DATABASE_URL: file });
		const first = await copy().exited;
		expect(first.code, first.output).toBe(0);
		const progress = [...first.output.matchAll(/^(\d+) % \((\d+) of 3500 events copied\)$/gm)].map(
			([, , done]) => done,
		);
		expect(progress).toEqual(["0", "1000", "2000", "3000", "3500"]);
		expect(first.output).toContain(`Copied: ${total} events, ${people} profiles. Every profile is the same.`);

		const sent = await fetch(`${server.url}/v1/track`, {
			method: "POST",
			headers: basic(keys.SELFSAME_WRITE_KEY),
			body: JSON.stringify({ event: "Seen", userId: "late", messageId: "late" }),
		});
		expect(sent.status).toBe(200);
		server.child.kill("SIGTERM");
		await server.exited;
		// The target may be named by the environment, where no list of processes shows its password.
		const second = await copy([]).exited;
		expect(second.code, second.output).toBe(0);
		expect(second.output).toContain(`Copied: ${total + 1} events, ${people + 1} profiles.`);
		expect(await readProfiles(target.url)).toEqual(await readProfiles(file));
		expect(readdirSync(directory).filter((name) => name.includes("snapshot"))).toEqual([]);
	});

	it("killed in the middle, leaves nothing that a server would take for the workspace, and goes on", async () => {
		const running = copy();
		await new Promise<void>((resolve) => {
			running.child.stderr.on("data", () => {
				if (running.output().includes("(1000 of")) resolve();
			});
			void running.exited.then(() => resolve());
		});
		running.child.kill("SIGKILL");
		expect((await running.exited).output).not.toContain("Copied");

		for (const command of ["start", "verify", "export"]) {
			const args = command === "export" ? ["profiles", "--out", join(directory, "profiles.jsonl")] : [];
			const refused = await cli.run([command, ...args]).exited;
			expect(refused.code, refused.output).toBe(1);
			expect(refused.output).toContain("Run `selfsame copy` to its end again");
		}

		const again = await copy().exited;
		expect(again.code, again.output).toBe(0);
		expect(again.output).not.toContain("(0 of");
		expect(again.output).toContain(`Copied: ${total} events, ${people} profiles. Every profile is the same.`);
		expect((await cli.run(["verify"]).exited).code).toBe(0);
		expect(await readProfiles(target.url)).toEqual(await readProfiles(file));
	});

	it("names every difference, and exits 1", async () => {
		expect((await copy().exited).code).toBe(0);
		await target.query(
			"DELETE FROM trait_writes WHERE lead IN (SELECT id FROM identifiers WHERE value IN ('u1', 'u3'))",
		);
		const { code, output } = await copy().exited;
		expect(code, output).toBe(1);
		expect(output).toContain("2 profiles differ");
		expect(output).not.toContain("Every profile is the same");
		expect((await cli.run(["start"]).exited).output).toContain("Run `selfsame copy` to its end again");
	});

	it("refuses a target or a source that will not do, and says what to do instead", async () => {
		const other = await makeSchema();
		await fill([event(0)], other.url);
		const config = join(directory, "config.json");
		writeFileSync(config, JSON.stringify({ maxUsersPerAnonymousId: 7 }));
		const gone = new URL(target.url);
		gone.password = "hush";
		gone.port = "1";
		const slip = new URL(target.url);
		slip.searchParams.set("shema", "x");
		const refusals: [string, string[], Record<string, string>, string][] = [
			["a file as the target", ["--from", file, "--to", "file:./other.db"], {}, "--to postgres://"],
			["no target", ["--from", file], { DATABASE_URL: file }, "--to postgres://"],
			["no file", ["--from", "file:./nowhere.db", "--to", target.url], {}, "There is no file"],
			["PostgreSQL as the source", ["--from", target.url, "--to", target.url], {}, "--from file:"],
			["no source", ["--to", target.url], {}, "--from"],
			["a workspace of its own", ["--from", file, "--to", other.url], {}, "another ?schema= in its URL"],
			["other rules", ["--from", file, "--to", target.url], { SELFSAME_CONFIG: config }, "identity rules"],
			["no server", ["--from", file, "--to", gone.href], {}, "ECONNREFUSED"],
			["a slip in the URL", ["--from", file, "--to", slip.href], {}, '"shema"'],
		];
		for (const [name, args, env, advice] of refusals) {
			const { code, output } = await cli.run(["copy", ...args], env).exited;
			expect(code, `${name}: ${output}`).toBe(1);
			expect(output, name).toContain(advice);
			expect(output, name).not.toContain("hush");
			expect(output, name).not.toMatch(/^\s+at /m);
		}
		expect((await cli.run(["copy", "--help"]).exited).output).toContain("to move without a gap");
		const [left] = await target.query<{ count: string }>(
			"SELECT count(*) FROM pg_tables WHERE schemaname = current_schema() AND tablename = 'events'",
		);
		expect(left).toEqual({ count: "0" });
		await other.drop();
	});

	it("says before it begins what PostgreSQL could not take", async () => {
		const writing = {
			...event(0),
			type: "identify",
			claims: { userId: "u1" },
			receivedAt: Date.UTC(2026, 5, 1),
		} as const;
		await fill([
			{ ...writing, messageId: "longest", traits: { ["k".repeat(2_600)]: 1 } },
			{ ...writing, messageId: "longer", traits: { ["ä".repeat(1_301)]: 1 } },
			{
				...writing,
				messageId: "group",
				type: "group",
				claims: { userId: "u1", groupId: "g".repeat(1_000) },
				traits: { ["k".repeat(1_601)]: 1 },
			},
		]);
		const { code, output } = await copy().exited;
		expect(code, output).toBe(1);
		expect(output).toMatch(/bring one: (longer|group) of server, received 2026-06-01T00:00:00.000Z; (longer|group) of/);
		expect(output).not.toContain("longest");
		expect(output).toContain("selfsame purge");
		// The limit is the one of ingest, and what is at the limit goes through.
		const store = await openStore(target.url, { identity });
		await store.ingest([{ ...writing, messageId: "longest", traits: { ["k".repeat(2_600)]: 1 } }]);
		await expect(
			store.ingest([{ ...writing, messageId: "longer", traits: { ["ä".repeat(1_301)]: 1 } }]),
		).rejects.toThrow(RangeError);
		await store.close();
	});
});
