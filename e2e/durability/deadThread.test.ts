import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { startCollector } from "../support/startCollector.ts";

const preload = join(import.meta.dirname, "apps", "killThread.cjs");

test("a thread that dies is started again: nothing acknowledged is lost, nothing is doubled, reads and writes go on", async () => {
	const file = join(mkdtempSync(join(tmpdir(), "selfsame-threads-")), "role");
	writeFileSync(file, "");
	const collector = await startCollector({ env: { NODE_OPTIONS: `--require ${preload}`, KILL_THREAD_FILE: file } });
	const bearer = (key: string) => ({ authorization: `Bearer ${key}` });
	const status = async (path: string, init: RequestInit = {}) =>
		(await fetch(collector.url + path, { headers: bearer(collector.secretKey), ...init })).status;
	const search = () =>
		status("/v1/profiles/search", {
			method: "POST",
			headers: bearer(collector.secretKey),
			body: '{"filter":{"did":"E"}}',
		});
	const acknowledged = new Set<string>();
	let isOver = false;
	let sent = 0;
	const sending = (async () => {
		while (!isOver) {
			const messageId = `m${sent++}`;
			// Repeated until it is acknowledged, as every client does.
			for (let answered = 0; answered !== 200; ) {
				const body = JSON.stringify({ batch: [{ type: "track", event: "E", userId: "threads", messageId }] });
				answered = await status("/v1/batch", { method: "POST", headers: bearer(collector.writeKey), body });
				expect([200, 503]).toContain(answered);
			}
			acknowledged.add(messageId);
		}
	})();
	for (const role of ["writer", "reader", "searcher", "writer"]) {
		await search();
		writeFileSync(file, role);
		await expect.poll(() => readFileSync(file, "utf8"), { timeout: 10_000 }).toBe("");
		await expect.poll(() => status("/ready"), { timeout: 10_000 }).toBe(200);
		await expect.poll(() => status("/v1/stats"), { timeout: 10_000 }).toBe(200);
		await expect.poll(search, { timeout: 10_000 }).toBe(200);
	}
	isOver = true;
	await sending;
	const profile = await collector.profiles.until(
		"user_id:threads",
		({ eventCount }) => eventCount === acknowledged.size,
	);
	expect(profile.eventCount).toBe(sent);
	expect(await collector.stop()).toBe(0);
	await collector.close();
}, 120_000);
