import { mkdtempSync, readdirSync } from "node:fs";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createClient as createEdgeClient } from "../../src/edge/index.ts";
import { createClient } from "../../src/node/index.ts";

/** What stands between a client and its collector answers 2xx as well: none of it says that an event is on disk. */
type Answer = (response: ServerResponse) => void;
const send =
	(status: number, type?: string, text?: string): Answer =>
	(response) =>
		void response.writeHead(status, type ? { "content-type": type } : {}).end(text);
const json = (body: unknown, status = 200) => send(status, "application/json", JSON.stringify(body));
const verdict = { success: true, accepted: 1, duplicates: 0, dropped: 0, rejected: [] as unknown[], warnings: [] };

const noVerdicts: [string, Answer][] = [
	["a sign-in page", send(200, "text/html", "<html>Sign in</html>")],
	["nothing at all", send(200)],
	["204", send(204)],
	["205", send(205)],
	["a tracking pixel", send(200, "image/gif", "GIF89a")],
	["202 and an empty object", json({}, 202)],
	["other JSON", json({ ok: true })],
	["success alone, as Segment answers", json({ success: true })],
	["null", json(null)],
	["an array", json([])],
	["a text", json("ok")],
	["success: false", json({ ...verdict, success: false })],
	["counts of another batch", json({ ...verdict, accepted: 7 })],
	["counts that are texts", json({ ...verdict, accepted: "1" })],
	["no counts", json({ success: true, rejected: [] })],
	["a rejection of an event that was not sent", json({ ...verdict, accepted: 0, rejected: [{ index: 1, code: "x" }] })],
	["a rejection of nothing", json({ ...verdict, accepted: 0, rejected: [null] })],
	["a verdict that is cut short", send(200, "application/json", JSON.stringify(verdict).slice(0, -3))],
];

/** By write key, so that the tests can run side by side. */
const answers = new Map<string, Answer>();
const server = createServer((request, response) => {
	const key = Buffer.from((request.headers.authorization ?? "").slice("Basic ".length), "base64").toString();
	request.resume();
	request.on("end", () => answers.get(key.slice(0, -1))?.(response));
});
let host: string;
beforeAll(async () => {
	await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
	host = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
	server.closeAllConnections();
	server.close();
});

describe.each([
	["node", createClient],
	["edge", createEdgeClient],
])("%s: a 2xx without a verdict delivers nothing", (entry, create) => {
	test.concurrent.each(noVerdicts)("%s", async (name, without) => {
		const writeKey = `${entry} ${name}`.replaceAll(":", "");
		answers.set(writeKey, without);
		const client = create({ writeKey, host });
		const failure = new Promise<Error>((resolve) => client.on("error", resolve));
		const delivery = Promise.resolve(client.track({ userId: "u", event: "E" }));
		expect((await failure).message).toMatch(/without a verdict.*Check host/);
		expect(client.size).toBe(1);
		answers.set(writeKey, json(verdict));
		expect(await delivery).toMatchObject({ status: "delivered" });
		await client.close();
	});
});

test("a verdict counts whatever its content type says, and whichever way the four counts add up", async () => {
	const client = createClient({ writeKey: "WK", host });
	for (const counts of [{ accepted: 1 }, { duplicates: 1 }, { dropped: 1 }]) {
		answers.set("WK", send(200, "text/plain", JSON.stringify({ ...verdict, accepted: 0, ...counts })));
		expect(await client.track({ userId: "u", event: "E" })).toMatchObject({ status: "delivered" });
	}
	answers.set("WK", json({ ...verdict, accepted: 0, rejected: [{ index: 0, code: "invalid_id" }] }));
	expect(await client.track({ userId: "u", event: "E" })).toMatchObject({ status: "dropped", reason: "invalid_id" });
	await client.close();
});

test("the spool keeps what only a sign-in page has answered", async () => {
	const dir = mkdtempSync(join(tmpdir(), "selfsame-spool-"));
	answers.set("spool", send(200, "text/html", "<html>Sign in</html>"));
	const first = createClient({ writeKey: "spool", host, spool: dir });
	const delivery = first.track({ userId: "u", event: "E" });
	expect(await first.close({ timeout: 100 })).toEqual({ pending: 1 });
	expect(await delivery).toMatchObject({ status: "queued" });
	answers.set("spool", json(verdict));
	const next = createClient({ writeKey: "spool", host, spool: dir });
	expect(await next.close()).toEqual({ pending: 0 });
	expect(readdirSync(dir)).toEqual([]);
});
