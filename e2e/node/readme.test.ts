import { execFile, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { builtEntry } from "../support/builtEntry.ts";
import { type RunningCollector, startCollector } from "../support/startCollector.ts";

const run = promisify(execFile);
const root = join(import.meta.dirname, "../..");
let collector: RunningCollector;
let directory = "";

const daysAgo = (days: number) => new Date(Date.now() - days * 86_400_000).toISOString();

beforeAll(async () => {
	collector = await startCollector();
	directory = mkdtempSync(join(tmpdir(), "selfsame-readme-"));
	mkdirSync(join(directory, "node_modules"));
	symlinkSync(
		dirname(dirname(builtEntry("packages/sdk/dist/profiles/index.js"))).replace(/\/dist$/, ""),
		join(directory, "node_modules/selfsame"),
	);
	const batch = [
		{
			type: "identify",
			userId: "customer-1",
			anonymousId: "browser-1",
			traits: { name: "Robin" },
			timestamp: daysAgo(20),
		},
		{
			type: "track",
			userId: "customer-1",
			event: "Order Shipped",
			properties: { order: "A-17" },
			timestamp: daysAgo(19),
		},
		{ type: "track", userId: "customer-1", event: "Order Returned", properties: { order: "A-17" } },
	];
	const headers = { authorization: `Basic ${btoa(`${collector.writeKey}:`)}` };
	const answer = await fetch(`${collector.url}/v1/batch`, { method: "POST", headers, body: JSON.stringify({ batch }) });
	expect(answer.status).toBe(200);
});
afterAll(async () => {
	await collector?.close();
	rmSync(directory, { recursive: true, force: true });
});

/** A code block of a section of a README, as printed but for the addresses and the key. */
function block(readme: string, section: string, language: string): string {
	const text = readFileSync(join(root, readme), "utf8");
	const part = text.slice(text.indexOf(`\n## ${section}\n`) + 1).split(/\n## /, 1)[0] as string;
	const code = new RegExp(`\`\`\`${language}\\n([\\s\\S]*?)\`\`\``).exec(part)?.[1];
	if (code === undefined) throw new Error(`${readme} has no ${language} block under "${section}".`);
	return code
		.replaceAll(/http:\/\/127\.0\.0\.1:4600|https:\/\/events\.shop\.example/g, collector.url)
		.replaceAll("YOUR_SECRET_KEY", collector.secretKey);
}

async function runBlock(code: string, name: string, command: string, args: string[] = []): Promise<string> {
	const file = join(directory, name);
	writeFileSync(file, code);
	const env = { ...process.env, KEY: collector.secretKey, URL: collector.url };
	return (await run(command, [...args, file], { cwd: directory, env })).stdout;
}

test("the curl examples of the README run as printed", async () => {
	// One command a line of output, so that each answer can be told from the next.
	const code = block("README.md", "Reading profiles", "sh").replaceAll(/^curl(.*)$/gm, "curl -sS$1; echo");
	const [profile, events, identity, found] = (await runBlock(code, "read.sh", "bash", ["-e"]))
		.trim()
		.split("\n")
		.map((line) => JSON.parse(line));
	expect(profile).toMatchObject({ traits: { name: "Robin" }, eventCount: 3 });
	expect(events.data.map(({ event, type }: { event?: string; type: string }) => event ?? type)).toEqual([
		"Order Shipped",
		"identify",
	]);
	expect(identity.links).toHaveLength(1);
	expect(found.data.map(({ id }: { id: string }) => id)).toEqual([profile.id]);
});

const hasPython = spawnSync("python3", ["--version"]).status === 0;

test.skipIf(!hasPython)("the Python example of the README runs as printed", async () => {
	const output = await runBlock(block("README.md", "Reading profiles", "python"), "read.py", "python3");
	expect(output).toContain("{'name': 'Robin'}");
	expect(output).toMatch(/Z Order Shipped \{'order': 'A-17'\}\n.*Z Order Returned/);
});

test("the TypeScript examples of both READMEs run as printed", async () => {
	const output = await runBlock(block("README.md", "Reading profiles", "ts"), "read.ts", process.execPath);
	expect(output).toMatch(/^pro_\S+ \{ name: 'Robin' \}\n(.*Z track\n){2}.*Z identify\n$/);
	const names = block("packages/sdk/README.md", "Reading profiles", "ts").replaceAll("user-1", "customer-1");
	const own = await runBlock(names, "own.ts", process.execPath);
	expect(own).toMatch(/^.*Z Order Returned\n.*Z Order Shipped\n$/);
});
