import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, gzipSync } from "node:zlib";
import { build } from "esbuild";
import { launchBrowser } from "../support/launchBrowser.ts";

/**
 * The browser SDK beside the installed packages of others, measured in one run: sizes of everything a page loads before
 * its first event (others bundled and minified the same way, where they ship no file for a script tag), and the time in
 * the page for starting and for `track()`, beside Segment's.
 */
const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const shipped = (path: string) => readFileSync(here(path));

/** What a page loads for a package at first: what the package imports lazily stays apart. */
async function bundled(entry: string): Promise<Buffer> {
	const stdin = {
		contents: `import * as sdk from ${JSON.stringify(entry)}; window.sdk = sdk;`,
		resolveDir: here(".."),
	};
	const { outputFiles, metafile } = await build({
		...{ stdin, bundle: true, minify: true, write: false, format: "esm", target: "es2022" },
		...{ splitting: true, metafile: true, outdir: "out", absWorkingDir: here("..") },
	});
	const wanted = ["out/stdin.js"];
	for (const file of wanted) {
		for (const { path, kind } of metafile?.outputs[file]?.imports ?? []) {
			if (kind === "import-statement" && !wanted.includes(path)) wanted.push(path);
		}
	}
	const loaded = outputFiles.filter(({ path }) => wanted.some((file) => path.endsWith(`/${file}`)));
	return Buffer.concat(loaded.map(({ contents }) => contents));
}

const segment = shipped("../node_modules/@segment/analytics-next/dist/umd/index.js");
const own = shipped("../../packages/sdk/dist/selfsame.js");
const sizes: [name: string, code: Buffer][] = [
	["Selfsame, selfsame.js", own],
	["OpenPanel, @openpanel/web", await bundled("@openpanel/web")],
	["Snowplow, browser-tracker", shipped("../node_modules/@snowplow/browser-tracker/dist/index.umd.min.js")],
	["Segment, analytics-next", segment],
	["RudderStack, analytics-js", await bundled("@rudderstack/analytics-js")],
	["PostHog, array.js", shipped("../node_modules/posthog-js/dist/array.js")],
];

console.log(`${"".padEnd(30)}${"gzip".padStart(10)}${"brotli".padStart(10)}`);
const kilobytes = (bytes: number) => `${(bytes / 1000).toFixed(1)} kB`.padStart(10);
for (const [name, code] of sizes) {
	const gzip = gzipSync(code, { level: 9 }).length;
	console.log(`${name.padEnd(30)}${kilobytes(gzip)}${kilobytes(brotliCompressSync(code).length)}`);
}

/** Answers like a collector and like a content server, at once, so that only the time in the page counts. */
const server = createServer((request, response) => {
	const path = new URL(request.url ?? "/", "http://page").pathname;
	response.setHeader("access-control-allow-origin", "*");
	request.resume();
	if (request.method === "POST") response.end('{"success":true,"rejected":[]}');
	else if (path.endsWith("/settings")) response.end('{"integrations":{"Segment.io":{"apiKey":"k"}}}');
	else response.setHeader("content-type", "text/html").end("<!doctype html><title>Bench</title>");
});
await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
const address = server.address();
if (typeof address !== "object" || !address) throw new Error("A listening server has a port.");
const url = `http://127.0.0.1:${address.port}`;

interface Times {
	start: number;
	track: number;
}

/** Runs in the page: evaluates the code, starts its client, and calls `track` 400 times, in groups over the clock's steps. */
async function measure([name, code, url]: string[]): Promise<Times> {
	const began = performance.now();
	const script = document.createElement("script");
	Object.assign(script.dataset, { writeKey: "k", host: url, pageViews: "false" });
	// An inline script has no origin of its own: `data-host` says where events go.
	script.textContent = code as string;
	document.head.append(script);
	const page = window as unknown as {
		selfsame: { track(name: string, properties: object): unknown };
		AnalyticsNext: { AnalyticsBrowser: { load(...options: object[]): PromiseLike<[typeof page.selfsame]> } };
	};
	const options = { integrations: { "Segment.io": { apiHost: `${(url as string).slice(7)}/v1`, protocol: "http" } } };
	const client =
		name === "Selfsame"
			? page.selfsame
			: (await page.AnalyticsNext.AnalyticsBrowser.load({ writeKey: "k", cdnURL: url as string }, options))[0];
	const start = performance.now() - began;
	const times: number[] = [];
	for (let group = 0; group < 20; group++) {
		const from = performance.now();
		for (let i = 0; i < 20; i++) client.track("Measured", { group, i });
		times.push((performance.now() - from) / 20);
		await new Promise((done) => setTimeout(done, 5));
	}
	return { start, track: times.sort((a, b) => a - b)[10] as number };
}

const median = (values: number[]) => values.sort((a, b) => a - b)[values.length >> 1] as number;
const browser = await launchBrowser();
console.log(`\n${"time in the page".padEnd(30)}${"start".padStart(10)}${"track()".padStart(10)}   medians of 5 pages`);
for (const [name, code] of [
	["Selfsame", own],
	["Segment", segment],
] as const) {
	const runs: Times[] = [];
	for (let i = 0; i < 5; i++) {
		const context = await browser.newContext();
		const page = await context.newPage();
		await page.goto(url);
		runs.push(await page.evaluate(measure, [name, code.toString("utf8"), url]));
		await context.close();
	}
	const start = `${median(runs.map((run) => run.start)).toFixed(1)} ms`;
	const track = `${(median(runs.map((run) => run.track)) * 1000).toFixed(0)} µs`;
	console.log(`${name.padEnd(30)}${start.padStart(10)}${track.padStart(10)}`);
}

/** Runs in the page: 10,000 calls in a row, and the browser's reports of tasks from 50 ms on while they are sent. */
async function burst(): Promise<{ median: number; longest: number }> {
	const client = (window as unknown as { selfsame: { track(...call: unknown[]): unknown; flush(): Promise<unknown> } })
		.selfsame;
	const times: number[] = [];
	// Groups, because a page's clock has steps of 100 µs.
	for (let group = 0; group < 100; group++) {
		const from = performance.now();
		for (let i = 0; i < 100; i++) client.track("Burst", { index: i });
		times.push((performance.now() - from) / 100);
	}
	await new Promise((done) => setTimeout(done, 0));
	const tasks: number[] = [];
	const observer = new PerformanceObserver((list) => {
		for (const entry of list.getEntries()) tasks.push(entry.duration);
	});
	observer.observe({ type: "longtask" });
	await client.flush();
	await new Promise((done) => setTimeout(done, 300));
	observer.disconnect();
	return { median: times.sort((a, b) => a - b)[50] as number, longest: Math.max(0, ...tasks) };
}

// What else the machine does only ever adds: the best of some is the SDK's own.
const context = await browser.newContext();
const page = await context.newPage();
await page.goto(url);
await page.evaluate(measure, ["Selfsame", own.toString("utf8"), url]);
const bursts = [];
for (let i = 0; i < 10; i++) bursts.push(await page.evaluate(burst));
const perCall = Math.min(...bursts.map((one) => one.median)) * 1000;
const longest = Math.min(...bursts.map((one) => one.longest));
console.log(
	`\n10,000 calls in a row: ${perCall.toFixed(0)} µs each in the median (at most 50), ` +
		`${longest > 0 ? `longest task ${longest.toFixed(0)} ms` : "no task of 50 ms or more"} while sending`,
);
await browser.close();
server.close();
server.closeAllConnections();
