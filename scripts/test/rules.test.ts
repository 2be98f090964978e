import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { manifestRules } from "../checks/manifestRules.mjs";
import { roomRules } from "../checks/roomRules.mjs";
import { bin, root } from "../lib/repository.mjs";

/**
 * Each rule of the house is broken once, in a small copy of it that keeps all the rules, with the real settings: a rule
 * that lets its breach pass is no rule.
 */
const rooms = [
	"packages/protocol",
	"packages/sdk",
	"packages/identity",
	"packages/store",
	"apps/collector",
	"apps/demo",
	"e2e",
];

/** A workspace that keeps every rule; near misses are in it, so that a rule which forbids too much shows as well. */
const lawful: Record<string, string> = {
	"packages/protocol/src/index.ts": `export type * from "./event.ts";\nexport { limit } from "./limits.ts";\nimport type { z } from "zod";\nexport type Any = z.ZodAny;\n`,
	"packages/protocol/src/event.ts": "export interface Event { process: string; window?: number }\n",
	"packages/protocol/src/limits.ts": "export const limit = 5;\n",
	"packages/protocol/src/schema/index.ts": `import { z } from "zod";\nimport { limit } from "../limits.ts";\nexport const event = z.string().max(limit);\n`,
	"packages/sdk/src/core/send.ts": `import type { Event } from "@selfsame/protocol";
		export const send = (event: Event, fetch: typeof globalThis.fetch, page: { window: number; document: string }) => {
			setTimeout(() => fetch(page.document + event.process + page.window), globalThis.performance.now());
			const process = { navigator: 1 };
			return process.navigator;
		};\n`,
	"packages/sdk/src/browser/index.ts": `import { send } from "../core/send.ts";\nexport const start = () => [send, window, document, localStorage];\n`,
	"packages/sdk/src/node/index.ts": `import { hostname } from "node:os";\nimport { send } from "../core/send.ts";\nexport const start = () => [send, hostname(), process.pid];\n`,
	"packages/identity/src/index.ts": `import type { Event } from "@selfsame/protocol";
		export interface Facts { performance: number; async: boolean; fetch(): void }
		export function decide(event: Event, facts: Facts, fetch: number, time: string) {
			const crypto = new Map([[facts.performance, fetch]]);
			const labels = { process: 1, setTimeout: 2, Date: 3 };
			return { crypto, labels, at: Date.parse(time), day: new Date(time), most: Math.max(facts.performance, 1), a: facts.async, event };
		}\n`,
	"packages/store/src/index.ts": `import { decide } from "@selfsame/identity";\nimport Database from "better-sqlite3";\nimport { sql } from "drizzle-orm";\nexport const all = [decide, Database, sql\`select 1 from events\`];\n`,
	"apps/collector/src/index.ts": `import { limit } from "@selfsame/protocol";\nimport { all } from "@selfsame/store";\nexport const app = [limit, all, "Select a profile from the list or go back", "delete the profile"];\n`,
	"apps/demo/src/dev.ts": `import { app } from "@selfsame/collector";\nexport const shop = app;\n`,
	"e2e/shop.test.ts": `import { start } from "selfsame/node";\nexport const journey = start;\n`,
};

let workspace: string;
let fixtures: string;

beforeAll(() => {
	fixtures = mkdtempSync(path.join(tmpdir(), "selfsame-rules-"));
});
afterAll(() => rmSync(fixtures, { recursive: true, force: true }));

function buildHouse() {
	workspace = mkdtempSync(path.join(fixtures, "house-"));
	for (const file of [
		".dependency-cruiser.cjs",
		"tsconfig.base.json",
		"pnpm-lock.yaml",
		"pnpm-workspace.yaml",
		"package.json",
	]) {
		cpSync(path.join(root, file), path.join(workspace, file));
	}
	symlinkSync(path.join(root, "node_modules"), path.join(workspace, "node_modules"));
	for (const room of rooms) copyRoom(room);
	for (const [file, text] of Object.entries(lawful)) write(file, text);
}

/** The manifest as it is, an `exports` that leads to the copy's sources, and the same packages in reach. */
function copyRoom(room: string) {
	const manifest = JSON.parse(readFileSync(path.join(root, room, "package.json"), "utf8"));
	if (room === "apps/collector") manifest.exports = { ".": { "@selfsame/source": "./src/index.ts" } };
	if (room === "apps/demo") manifest.exports = { ".": { "@selfsame/source": "./src/dev.ts" } };
	write(`${room}/package.json`, JSON.stringify(manifest));
	const installed = path.join(root, room, "node_modules");
	for (const name of readdirSync(installed).filter((entry) => !entry.startsWith("."))) {
		if (name === "@selfsame" || name === "selfsame") continue;
		link(path.join(installed, name), `${room}/node_modules/${name}`);
	}
	// Every room in reach of every other: only the rules stand between them.
	for (const other of rooms.slice(0, 6)) {
		const name = JSON.parse(readFileSync(path.join(root, other, "package.json"), "utf8")).name;
		if (other !== room) link(path.join(workspace, other), `${room}/node_modules/${name}`);
	}
}

function link(target: string, file: string) {
	mkdirSync(path.dirname(path.join(workspace, file)), { recursive: true });
	symlinkSync(target, path.join(workspace, file));
}

function write(file: string, text: string) {
	mkdirSync(path.dirname(path.join(workspace, file)), { recursive: true });
	writeFileSync(path.join(workspace, file), text);
}

function append(file: string, text: string) {
	write(file, (lawful[file] ?? "") + text);
}

function cruise(format: "err" | "json") {
	const args = ["--config", ".dependency-cruiser.cjs", "--output-type", format, "packages", "apps", "e2e"];
	const run = spawnSync(bin("depcruise"), args, { cwd: workspace, encoding: "utf8", maxBuffer: 2 ** 26 });
	return { isContent: run.status === 0, output: run.stdout };
}

describe("the lawful house", () => {
	it("passes every check", () => {
		buildHouse();
		expect(cruise("err")).toMatchObject({ isContent: true });
		expect(roomRules(workspace)).toEqual([]);
		expect(manifestRules(workspace)).toEqual([]);
	});
});

describe("arrows", () => {
	const breaches: [rule: string, file: string, text: string][] = [
		["arrows-protocol", "packages/protocol/src/event.ts", `import "selfsame/node";`],
		[
			"arrows-protocol",
			"packages/protocol/src/event.ts",
			`import type { Facts } from "@selfsame/identity"; export type F = Facts;`,
		],
		["arrows-sdk", "packages/sdk/src/node/index.ts", `import "@selfsame/identity";`],
		["arrows-sdk", "packages/sdk/src/node/index.ts", `export const later = () => import("@selfsame/store");`],
		["arrows-identity", "packages/identity/src/index.ts", `import "@selfsame/store";`],
		[
			"arrows-identity",
			"packages/identity/src/index.ts",
			`import type { all } from "@selfsame/store"; export type A = typeof all;`,
		],
		["arrows-store", "packages/store/src/index.ts", `export * from "@selfsame/collector";`],
		["arrows-store", "packages/store/src/index.ts", `import "selfsame/node";`],
		["arrows-collector", "apps/collector/src/index.ts", `import "selfsame/node";`],
		["arrows-collector", "apps/collector/src/index.ts", `import "@selfsame/demo";`],
		["arrows-demo", "apps/demo/src/dev.ts", `import "@selfsame/store";`],
		["arrows-e2e", "e2e/shop.test.ts", `import "@selfsame/identity";`],
		["arrows-e2e", "e2e/shop.test.ts", `import { createRequire } from "node:module"; require("@selfsame/store");`],
		["rooms-by-name", "apps/demo/src/dev.ts", `import "../../collector/src/index.ts";`],
		["rooms-by-name", "packages/store/src/index.ts", `import "../../identity/src/index.ts";`],
		["e2e-built-only", "e2e/shop.test.ts", `import "../packages/sdk/src/node/index.ts";`],
		["e2e-built-only", "e2e/shop.test.ts", `export const late = () => import("../apps/collector/src/index.ts");`],
		["resolvable", "packages/store/src/index.ts", `import "./nowhere.ts";`],
		["resolvable", "packages/store/src/index.ts", `import "a-package-nobody-declared";`],
		["sdk-core-runs-anywhere", "packages/sdk/src/core/send.ts", `import "node:os";`],
		["sdk-core-runs-anywhere", "packages/sdk/src/core/send.ts", `import { readFileSync } from "fs"; readFileSync;`],
		[
			"sdk-core-runs-anywhere",
			"packages/sdk/src/core/send.ts",
			`import type { Hash } from "node:crypto"; export type H = Hash;`,
		],
		["sdk-core-runs-anywhere", "packages/sdk/src/core/send.ts", `export const os = () => import("node:os");`],
		["sdk-core-runs-anywhere", "packages/sdk/src/core/send.ts", `const os = require("os"); os;`],
		["sdk-core-runs-anywhere", "packages/sdk/src/core/send.ts", `export { version } from "typescript";`],
		["sdk-core-runs-anywhere", "packages/sdk/src/core/send.ts", `import "../browser/index.ts";`],
		["sdk-browser-no-node", "packages/sdk/src/browser/index.ts", `import "node:os";`],
		["sdk-no-packages", "packages/sdk/src/node/index.ts", `import "typescript";`],
		["sdk-react-only", "packages/sdk/src/react/index.ts", `import "typescript";`],
		["sdk-react-only", "packages/sdk/src/react/index.ts", `import "node:os";`],
		["sdk-no-validators", "packages/sdk/src/node/index.ts", `import "@selfsame/protocol/schema";`],
		["identity-pure", "packages/identity/src/index.ts", `import "node:fs";`],
		["identity-pure", "packages/identity/src/index.ts", `import { randomUUID } from "crypto"; randomUUID;`],
		["identity-pure", "packages/identity/src/index.ts", `import type { Server } from "http"; export type S = Server;`],
		["identity-pure", "packages/identity/src/index.ts", `export const net = () => import("node:net");`],
		["identity-pure", "packages/identity/src/index.ts", `import "typescript";`],
		["identity-pure", "packages/identity/src/index.ts", `import "@selfsame/protocol/schema";`],
		...["drizzle-orm", "drizzle-orm/sqlite-core", "better-sqlite3", "postgres", "pg", "node:sqlite"].map(
			(name): [string, string, string] => ["sql-in-store", "apps/collector/src/index.ts", `import "${name}";`],
		),
		["sql-in-store", "e2e/shop.test.ts", `import type { SQL } from "drizzle-orm"; export type S = SQL;`],
	];

	/** A file of its own for each breach, so that one run of the check judges them all. */
	const fileOf = (index: number, sample: string) => path.posix.join(path.posix.dirname(sample), `breach${index}.ts`);
	let violations: { from: string; rule: { name: string; severity: string } }[];

	beforeAll(() => {
		buildHouse();
		for (const [index, [, sample, text]] of breaches.entries()) write(fileOf(index, sample), `${text}\n`);
		violations = JSON.parse(cruise("json").output).summary.violations;
	});

	it.each(breaches.map(([rule, sample, text], index) => ({ rule, file: fileOf(index, sample), text })))(
		"$rule: $file may not contain $text",
		({ rule, file }) => {
			const broken = violations.filter(({ from }) => from === file).map((violation) => violation.rule);
			expect(broken).toContainEqual({ name: rule, severity: "error" });
		},
	);

	it("no-cycles: two files may not import each other, and one breach is enough to fail", () => {
		buildHouse();
		append("packages/protocol/src/event.ts", `\nexport * from "./index.ts";\n`);
		expect(cruise("err")).toMatchObject({ isContent: false, output: expect.stringContaining("error no-cycles:") });
	});
});

describe("rooms", () => {
	const identity = "packages/identity/src/index.ts";
	const core = "packages/sdk/src/core/send.ts";
	const main = "packages/protocol/src/index.ts";
	const breaches: [file: string, text: string][] = [
		...[
			`export const now = Date.now();`,
			`export const now = Date["now"]();`,
			`const Clock = Date; export const now = Clock.now();`,
			`const { now } = Date; now();`,
			`export const now = new Date();`,
			`export const now = new Date;`,
			`export const now = new Date(...[]);`,
			`export const now = Date();`,
			`export const luck = Math.random();`,
			`export const luck = Math["random"]();`,
			`const { random } = Math; random();`,
			`const M = Math; M.random();`,
			`export const t = performance.now();`,
			`export const id = crypto.randomUUID();`,
			`export const page = fetch("/");`,
			`export const { pid } = process;`,
			`export const tools = { process };`,
			`export { fetch };`,
			`export const page = globalThis.fetch("/");`,
			`export const { fetch } = globalThis;`,
			`export const page = global.fetch;`,
			`declare const fetch: (url: string) => unknown; fetch("/");`,
			`declare global { var performance: { now(): number } } export const t = performance.now();`,
			`interface performance { now(): number } export const t = performance.now();`,
			`setTimeout(() => 1, 5);`,
			`setInterval(() => 1, 5);`,
			`setImmediate(() => 1);`,
			`queueMicrotask(() => 1);`,
			`console.log(1);`,
			`export async function late() {}`,
			`export const late = async () => 1;`,
			`export class Late { async come() {} }`,
			`export const late = { async come() {} };`,
			`export async function* drip() {}`,
			`export const late = () => Promise.resolve(1);`,
			`export const late = () => new Promise(() => {});`,
			`export const here = import.meta.url;`,
			`eval("1");`,
			`new Function("return 1")();`,
			`const name = "node:fs"; export const late = () => import(name);`,
			`export const fs = require("fs");`,
			`class Socket extends WebSocket {} export const s = Socket;`,
		].map((text): [string, string] => [identity, text]),
		["packages/identity/src/deep/er/clock.ts", `export const now = () => Date.now();`],
		...[
			`export const page = window;`,
			`export const page = typeof window === "undefined";`,
			`export const title = document.title;`,
			`export const env = process.env;`,
			`export const agent = navigator.userAgent;`,
			`localStorage.setItem("a", "b");`,
			`export const page = globalThis.window;`,
			`export const page = globalThis["document"];`,
			`export const { process } = globalThis;`,
			`const g = globalThis; g.window;`,
			`export const page = self.document;`,
			`declare const window: { name: string }; window.name;`,
			`export const globals = { localStorage };`,
			`export const fs = require("fs");`,
			`const name = "node:fs"; export const late = () => import(name);`,
		].map((text): [string, string] => [core, text]),
		...[
			`import "zod";`,
			`import { z } from "zod"; export const any = z.any();`,
			`import { type ZodAny } from "zod"; export type Z = ZodAny;`,
			`export * from "zod";`,
			`export * from "./schema/index.ts";`,
			`export const late = () => import("zod");`,
			`import { hostname } from "node:os"; hostname;`,
			`const { z } = require("zod"); z;`,
		].map((text): [string, string] => [main, text]),
		["packages/protocol/src/limits.ts", `export * from "zod";`],
		...[
			"db.run(`select id, max(seq) as last from profiles`);",
			`db.exec("INSERT INTO events VALUES (1)");`,
			`db.exec("insert or ignore into events values (1)");`,
			`db.exec("UPDATE events SET a = 1");`,
			`db.exec("DELETE FROM events");`,
			`db.exec("CREATE TABLE events (id)");`,
			`db.pragma("PRAGMA synchronous = OFF");`,
			"db.exec(`\n\t\tSELECT *\n\t\tFROM events`);",
		].map((text): [string, string] => ["apps/collector/src/index.ts", text]),
	];

	beforeEach(buildHouse);

	it.each(breaches)("%s may not contain %s", (file, text) => {
		append(file, `\n${text}\n`);
		expect(roomRules(workspace).map((finding) => finding.file)).toContain(file);
	});

	it("names the line of the breach", () => {
		write(identity, `export const a = 1;\n\nexport const now = Date.now();\n`);
		expect(roomRules(workspace)).toMatchObject([{ file: identity, line: 3 }]);
	});
});

describe("manifests", () => {
	beforeEach(buildHouse);

	/** Put together here, because these tests too are checked for naming a registry. */
	const host = ["registry", "npmjs", "org"].join(".");

	it.each(["dependencies", "peerDependencies", "optionalDependencies", "bundleDependencies"])(
		"the SDK has no %s",
		(field) => {
			const manifest = JSON.parse(readFileSync(path.join(workspace, "packages/sdk/package.json"), "utf8"));
			write("packages/sdk/package.json", JSON.stringify({ ...manifest, [field]: { uuid: "14.0.3" } }));
			expect(manifestRules(workspace)).toMatchObject([{ file: "packages/sdk/package.json" }]);
		},
	);

	const settings: [file: string, line: string][] = [
		["pnpm-lock.yaml", `    resolution: {tarball: https://${host}/zod/-/zod-4.6.7.tgz}`],
		["pnpm-lock.yaml", "    resolution: {tarball: http://10.0.0.1:4873/zod-4.6.7.tgz}"],
		[".npmrc", `registry=https://${host}/`],
		[".npmrc", "@selfsame:registry=http://127.0.0.1:4873"],
		["pnpm-workspace.yaml", "registry: http://127.0.0.1:4873"],
		["packages/store/package.json", `{\n"publishConfig": {\n"registry": "http://127.0.0.1"}}`],
		[".ci/run", `npm ci --registry https://${host}`],
		["README.md", `Install it from ${["npm", "pkg", "github", "com"].join(".")}.`],
		["apps/demo/src/dev.ts", `// see https://${["registry", "yarnpkg", "com"].join(".")}/zod`],
	];

	it.each(settings)("%s names no registry (%s)", (file, line) => {
		write(file, `${line}\n`);
		expect(manifestRules(workspace).map((finding) => finding.file)).toContain(file);
	});
});
