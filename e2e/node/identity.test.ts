import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { builtEntry } from "../support/builtEntry.ts";
import { type RunningCollector, startCollector } from "../support/startCollector.ts";
import { createBuiltClient, signBuilt } from "./builtClient.ts";

const run = promisify(execFile);
let collector: RunningCollector;

beforeAll(async () => {
	collector = await startCollector();
});
afterAll(() => collector?.close());

/** A command of the collector's CLI on the database of the running one. */
async function selfsame(...args: string[]): Promise<string> {
	const env = { ...process.env, DATABASE_URL: `file:${join(collector.directory, "selfsame.db")}` };
	const { stdout } = await run(process.execPath, [builtEntry("apps/collector/dist/cli.js"), ...args], { env });
	return stdout;
}

describe("a visitor of a web page who signs up at the backend", () => {
	test.each(["hono", "express"])("%s: one profile, history included, and nobody else's", async (framework) => {
		const app = spawn(process.execPath, [
			join(import.meta.dirname, "apps/shop.mjs"),
			JSON.stringify({ host: collector.url, writeKey: collector.writeKey, framework }),
		]);
		app.stderr.pipe(process.stderr);
		const [port] = (await once(app.stdout, "data")) as [Buffer];
		const pages = await createBuiltClient("node", { host: collector.url, writeKey: collector.writeKey });
		const people = Array.from({ length: 30 }, (_, i) => ({
			user: `${framework}-${i}`,
			visitor: `anon-${framework}-${i}`,
		}));
		for (const { visitor } of people) pages.page({ anonymousId: visitor, name: "Home" });
		await pages.close();
		await Promise.all(
			people.map(async ({ user, visitor }) => {
				const response = await fetch(`http://127.0.0.1:${port.toString().trim()}/sign-up/${user}`, {
					method: "POST",
					headers: { cookie: `selfsame_id=${visitor}`, "user-agent": `UA of ${user}` },
				});
				expect(await response.text()).toBe("ok");
			}),
		);
		const ended = once(app, "close");
		app.kill("SIGTERM");
		await ended;
		for (const { user, visitor } of people) {
			const profile = await collector.profiles.find(`user_id:${user}`);
			expect(profile).toMatchObject({ eventCount: 3, traits: { plan: "pro" } });
			expect(profile?.identifiers.map(({ value }) => value).sort()).toEqual([user, visitor].sort());
			const events = await collector.profiles.events(`anonymous_id:${visitor}`);
			expect(events.map(({ type }) => type)).toEqual(["page", "identify", "track"]);
			expect(events.at(-1)?.context).toMatchObject({ userAgent: `UA of ${user}` });
		}
	});
});

describe("a source that enforces verification", () => {
	const secret = "an identity secret of the shop, 32 characters and more";
	let writeKey = "";

	beforeAll(async () => {
		const created = await selfsame("sources", "create", "web", "--trust", "client");
		writeKey = created.match(/ssw_[\w-]+/)?.[0] ?? "";
		await selfsame("sources", "set", "web", "identitySecrets", JSON.stringify({ k1: secret }));
		await selfsame("sources", "set", "web", "identityVerification", '"enforce"');
		// A running server would notice within seconds.
		await collector.stop();
		await collector.restart();
	});

	test("believes the token of signIdentity(), and no other", async () => {
		const client = await createBuiltClient("node", { host: collector.url, writeKey });
		const proof = { secret, keyId: "k1", source: "web" };
		const claims: [string, string, string | undefined][] = [
			["proven", "device-1", await signBuilt({ ...proof, userId: "proven" })],
			["unproven", "device-2", undefined],
			["of-another", "device-3", await signBuilt({ ...proof, userId: "proven" })],
			["for-another", "device-4", await signBuilt({ ...proof, userId: "for-another", source: "app" })],
			["forged", "device-5", await signBuilt({ ...proof, userId: "forged", secret: `${secret}!` })],
		];
		for (const [userId, anonymousId, identityToken] of claims) {
			client.page({ anonymousId, name: "Home" });
			client.identify({ userId, anonymousId, traits: { plan: "pro" }, ...(identityToken && { identityToken }) });
		}
		expect(await client.close()).toEqual({ pending: 0 });
		const [proven, ...others] = await Promise.all(
			claims.map(([userId]) => collector.profiles.find(`user_id:${userId}`)),
		);
		expect(proven).toMatchObject({ eventCount: 2, traits: { plan: "pro" } });
		expect(await collector.profiles.find("anonymous_id:device-1")).toMatchObject({ id: proven?.id });
		expect(others).toEqual([null, null, null, null]);
		// Their events are kept, with the device that sent them.
		for (const device of ["device-2", "device-3", "device-4", "device-5"]) {
			expect(await collector.profiles.find(`anonymous_id:${device}`)).toMatchObject({ eventCount: 2 });
		}
	});
});
