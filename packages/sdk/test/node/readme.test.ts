import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Sent } from "./fakeRuntime.ts";
import { startFaultSink } from "./faultSink.ts";

const room = join(import.meta.dirname, "../..");
const run = promisify(execFile);
let sink: Awaited<ReturnType<typeof startFaultSink>>;
let directory = "";

/** The code blocks of the section for backends, as printed but for the collector's address. */
function blocks(): string[] {
	const readme = readFileSync(join(room, "README.md"), "utf8");
	const section = readme.slice(readme.indexOf("\n## Node\n") + 1).split(/\n## /, 1)[0] as string;
	return [...section.matchAll(/```ts\n([\s\S]*?)```/g)].map(([, code]) =>
		(code as string).replaceAll("https://events.shop.example", sink.url),
	);
}

interface Example {
	/** What the text around the block takes for granted. */
	before: string;
	/** What a runtime or a visitor does with it. */
	after: string;
	expected: Partial<Sent>[];
}

const shared = 'import { selfsame } from "./block0.ts";';
const request = '{ method: "POST", headers: { cookie: "selfsame_id=visitor" } }';
const own = [
	{ type: "identify", userId: "user-1", traits: { email: "ada@shop.example" } },
	{ type: "track", userId: "user-1", event: "Order Completed", properties: { revenue: 89 } },
];

/** One for every block, in their order. */
const examples: Example[] = [
	{ before: "", after: "", expected: own },
	{
		before: `${shared} const log = console;`,
		after: "",
		expected: [...own, { type: "track", userId: "user-1", event: "Paid" }],
	},
	{
		before: `${shared} const createUser = async (body) => body;`,
		after: `await app.request("/sign-up", { ...${request}, body: '{"id":"user-2","email":"bob@shop.example"}' });`,
		expected: [
			...own,
			{ type: "identify", userId: "user-2", anonymousId: "visitor", traits: { email: "bob@shop.example" } },
		],
	},
	{
		before: shared,
		after:
			'if ((await handler({ userId: "user-3" })).statusCode !== 200 || selfsame.size > 0) throw new Error("not delivered");',
		expected: [...own, { type: "track", userId: "user-3", event: "Report Made" }],
	},
	{
		before: "",
		after: `
			void import(import.meta.url).then(async ({ default: worker }) => {
				const promises = [];
				const env = { KEY: "WK", HOST: process.argv[2] };
				const ctx = { waitUntil: (it) => promises.push(it) };
				await worker.fetch(new Request("https://shop.example/", ${request}), env, ctx);
				await Promise.all(promises);
			});`,
		expected: [{ type: "track", event: "Edge Hit", anonymousId: "visitor" }],
	},
	{
		before:
			'import { createClient } from "selfsame/node"; const [writeKey, host] = ["WK", process.argv[2]]; const client =',
		after: 'client.track({ userId: "user-4", event: "Spooled" }); await client.close();',
		expected: [{ type: "track", userId: "user-4", event: "Spooled" }],
	},
];

beforeAll(async () => {
	sink = await startFaultSink();
	directory = mkdtempSync(join(tmpdir(), "selfsame-readme-"));
	mkdirSync(join(directory, "node_modules"));
	symlinkSync(room, join(directory, "node_modules/selfsame"));
	symlinkSync(join(room, "node_modules/hono"), join(directory, "node_modules/hono"));
	writeFileSync(join(directory, "package.json"), '{"type":"module"}');
	writeFileSync(join(directory, "block0.ts"), blocks()[0] as string);
});
afterAll(async () => {
	await sink.stop();
	rmSync(directory, { recursive: true, force: true });
});

test("there is an example here for every block of the README", () => {
	expect(blocks()).toHaveLength(examples.length);
});

test.each(examples.map((example, i) => [i, example] as const))(
	"block %i runs as printed and sends what it says",
	async (i, { before, after, expected }) => {
		sink.stored.clear();
		sink.order.length = 0;
		const file = join(directory, i === 0 ? "block0.ts" : `run${i}.ts`);
		if (i > 0) writeFileSync(file, [before, blocks()[i], after].join("\n"));
		const args = ["--conditions=@selfsame/source", file, sink.url];
		const { stderr } = await run(process.execPath, args, { cwd: directory });
		expect(stderr).toBe("");
		const byUser = (a: Partial<Sent>, b: Partial<Sent>) => `${a.userId}`.localeCompare(`${b.userId}`);
		expect(sink.order.toSorted(byUser)).toMatchObject(expected.toSorted(byUser));
	},
);

test("the spool of the README is empty once all is delivered", () => {
	expect(readdirSync(join(directory, "spool"))).toEqual([]);
});
