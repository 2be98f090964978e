import { createServer } from "node:http";
import { createRequire } from "node:module";
import { delimiter, join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { expect, test } from "vitest";
import { builtEntry } from "../support/builtEntry.ts";
import { startCollector } from "../support/startCollector.ts";
import { createBuiltClient } from "./builtClient.ts";

interface Miniflare {
	ready: Promise<URL>;
	dispose(): Promise<void>;
}

/** Miniflare (with Cloudflare's workerd, some 150 MB) where `SELFSAME_RUNTIMES` has it beside its binaries. */
function findMiniflare(): (new (options: object) => Miniflare) | undefined {
	for (const directory of (process.env.SELFSAME_RUNTIMES ?? "").split(delimiter).filter(Boolean)) {
		try {
			return (createRequire(join(directory, "x"))("miniflare") as { Miniflare: new (options: object) => Miniflare })
				.Miniflare;
		} catch {
			// Not there.
		}
	}
	return undefined;
}

const Worker = findMiniflare();

test.skipIf(!Worker)(
	"workerd: events of a Worker arrive after the response, with the visitor of their request",
	async () => {
		const collector = await startCollector();
		const root = builtEntry("packages/sdk/dist/edge/index.js").replace(/packages\/sdk\/dist\/edge\/index\.js$/, "");
		const worker = new (Worker as NonNullable<typeof Worker>)({
			modulesRoot: root,
			modules: [
				{ type: "ESModule", path: join(root, "e2e/node/apps/worker.mjs") },
				{ type: "ESModule", path: join(root, "packages/sdk/dist/edge/index.js") },
			],
			compatibilityDate: "2026-01-01",
			bindings: { KEY: collector.writeKey, HOST: collector.url },
		});
		const url = await worker.ready;
		await Promise.all(
			Array.from({ length: 50 }, async (_, i) => {
				const response = await fetch(`${url}?id=edge-${i}`, { headers: { cookie: `selfsame_id=edge-visitor-${i}` } });
				expect(await response.text()).toBe("ok");
			}),
		);
		for (let i = 0; i < 50; i++) {
			const profile = await collector.profiles.until(
				`anonymous_id:edge-visitor-${i}`,
				({ eventCount }) => eventCount === 1,
			);
			const [event] = await collector.profiles.events(profile.id);
			expect(event).toMatchObject({ messageId: `edge-${i}`, event: "Edge Hit" });
		}
		await worker.dispose();
		await collector.close();
	},
);

test("the edge entry runs without any module of Node", async () => {
	const bytes: Buffer[] = [];
	const counts = { accepted: 1, duplicates: 0, dropped: 0, rejected: [], warnings: [] };
	const verdict = JSON.stringify({ success: true, ...counts });
	const server = createServer((request, response) => {
		request.on("data", (chunk) => bytes.push(chunk)).on("end", () => response.end(verdict));
	});
	await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
	const { port } = server.address() as { port: number };
	const { readFile } = await import("node:fs/promises");
	const source = await readFile(builtEntry("packages/sdk/dist/edge/index.js"), "utf8");
	// Not by `toMatch`: a failure would print the whole file.
	expect(/(?:^|[;\n])import[\s{"']|\brequire\(|\bBuffer\b|\bprocess\./.test(source)).toBe(false);
	const client = await createBuiltClient("edge", { writeKey: "WK", host: `http://127.0.0.1:${port}` });
	expect(await client.track({ userId: "u", event: "E" })).toMatchObject({ status: "delivered" });
	await client.close();
	await pause(0);
	expect(JSON.parse(Buffer.concat(bytes).toString())).toMatchObject({ batch: [{ userId: "u", event: "E" }] });
	server.closeAllConnections();
	await new Promise((resolve) => server.close(resolve));
});
