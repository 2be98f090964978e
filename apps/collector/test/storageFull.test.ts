import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { checkedFetch } from "./checkedFetch.ts";
import { createCli } from "./runCli.ts";
import { basic, track } from "./startCollector.ts";

/**
 * A full disk without a disk of one's own: the kernel refuses every write of the server's process past a file's first
 * byte (RLIMIT_FSIZE), while it runs, and lets it go on when the limit is lifted. Linux has the tool for that.
 */
const canLimit = spawnSync("prlimit", ["--version"]).status === 0;
const limit = (pid: number | undefined, bytes: string) =>
	execFileSync("prlimit", [`--pid=${pid}`, `--fsize=${bytes}:`]);

let directory: string;
let cli: ReturnType<typeof createCli>;
beforeEach(() => {
	directory = mkdtempSync(join(tmpdir(), "selfsame-full-"));
	cli = createCli(`file:${join(directory, "selfsame.db")}`);
});
afterEach(() => {
	cli.kill();
	rmSync(directory, { recursive: true, force: true });
});

describe.skipIf(!canLimit)("a disk that is full", () => {
	it("is answered 503 with Retry-After, /ready says why, reads go on, and it recovers by itself", async () => {
		const { url, child } = await cli.start({ SELFSAME_WRITE_KEY: "write", SELFSAME_API_KEY: "secret" });
		const send = (messageId: string) =>
			checkedFetch(`${url}/v1/batch`, {
				method: "POST",
				headers: basic("write"),
				body: JSON.stringify({ batch: [track({ messageId, properties: { pad: "x".repeat(50_000) } })] }),
			});
		const profile = async () => {
			const answer = await checkedFetch(`${url}/v1/profiles/user_id:u1`, {
				headers: { authorization: "Bearer secret" },
			});
			return answer.json();
		};
		expect((await send("before")).status).toBe(200);
		// Read once, so that the key's note of use is not what fails.
		expect(await profile()).toMatchObject({ eventCount: 1 });

		limit(child.pid, "1");
		for (const messageId of ["during", "during", "another"]) {
			const refused = await send(messageId);
			expect(refused.status).toBe(503);
			expect(refused.headers.get("retry-after")).toMatch(/^\d+$/);
			expect(await refused.json()).toMatchObject({ code: "storage_unavailable" });
		}
		const ready = await checkedFetch(`${url}/ready`);
		expect(ready.status).toBe(503);
		expect(((await ready.json()) as { detail: string }).detail).toMatch(/disk/);
		expect((await checkedFetch(`${url}/health`)).status).toBe(200);
		expect(await profile()).toMatchObject({ eventCount: 1 });

		limit(child.pid, "unlimited");
		expect(await (await send("during")).json()).toMatchObject({ accepted: 1, duplicates: 0 });
		expect(await (await send("before")).json()).toMatchObject({ accepted: 0, duplicates: 1 });
		await expect.poll(async () => (await checkedFetch(`${url}/ready`)).status).toBe(200);
		expect(await profile()).toMatchObject({ eventCount: 2 });
	});
});
