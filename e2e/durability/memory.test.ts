import { existsSync, readFileSync } from "node:fs";
import { connect } from "node:net";
import { afterAll, beforeAll, expect, test } from "vitest";
import { testScale } from "../support/random.ts";
import { type RunningCollector, startCollector } from "../support/startCollector.ts";

/** 512 of them with `SELFSAME_TEST_SCALE=8`. */
const connections = Math.min(512, Math.round(64 * testScale()));
/** The first flood finds a fresh process, the others one that has had a flood. */
const floods = 4;
const bodyBytes = 4 * 1024 * 1024;
const maxResident = 400 * 1024 * 1024;

let collector: RunningCollector;
beforeAll(async () => {
	collector = await startCollector();
});
afterAll(() => collector?.close());

/** The most memory a process has ever had, in bytes, as Linux tells. */
function peakMemory(pid: number | undefined): number {
	const [, kilobytes] = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, "utf8")) ?? [];
	return Number(kilobytes) * 1024;
}

/** A batch of just under 4 MiB, which parses into a good many events. */
function largeBody(sender: number): Buffer {
	const batch: object[] = [];
	const properties = { pad: "x".repeat(1_900), list: [1, 2, 3], nested: { a: { b: "c" } } };
	for (let at = 0; at < 2_000; at++) {
		const messageId = `${sender}-${at}`;
		batch.push({ type: "track", event: "Flood", messageId, anonymousId: `flood-${sender}`, properties });
	}
	const body = Buffer.from(JSON.stringify({ batch }));
	expect(body.length).toBeLessThan(bodyBytes);
	return body;
}

/** Pushes a body as fast as it is taken, and answers with the status and how many events were accepted. */
function push(port: number, key: string, body: Buffer): Promise<{ status: number; accepted: number }> {
	return new Promise((resolve) => {
		const socket = connect(port, "127.0.0.1");
		let answer = "";
		const authorization = `Basic ${Buffer.from(`${key}:`).toString("base64")}`;
		const head = `POST /v1/batch HTTP/1.1\r\nhost: x\r\nconnection: close\r\nauthorization: ${authorization}\r\ncontent-length: ${body.length}\r\n\r\n`;
		socket.write(head);
		socket.write(body);
		socket.on("data", (chunk) => {
			answer += chunk.toString("latin1");
		});
		socket.on("error", () => {});
		socket.on("close", () => {
			const [, status = "0"] = /^HTTP\/1\.1 (\d+)/.exec(answer) ?? [];
			const [, accepted = "0"] = /"accepted":(\d+)/.exec(answer) ?? [];
			resolve({ status: Number(status), accepted: Number(accepted) });
		});
	});
}

test.skipIf(!existsSync("/proc/self/status"))(
	`${connections} connections that push 4 MB each at once, ${floods} times: memory stays under 400 MB, and what is acknowledged is stored`,
	async () => {
		const port = Number(new URL(collector.url).port);
		const answers: { status: number; accepted: number }[] = [];
		for (let flood = 0; flood < floods; flood++) {
			// Few bodies for many connections: the memory in question is the server's.
			const bodies = Array.from({ length: 8 }, (_, sender) => largeBody(flood * 8 + sender));
			const all = Array.from({ length: connections }, (_, at) => bodies[at % 8] as Buffer);
			answers.push(...(await Promise.all(all.map((body) => push(port, collector.writeKey, body)))));
		}
		for (const { status } of answers) expect([200, 429]).toContain(status);
		const accepted = answers.reduce((sum, answer) => sum + answer.accepted, 0);
		expect(accepted).toBeGreaterThan(0);
		const peak = peakMemory(collector.pid());
		const mebibytes = Math.round(peak / 1024 ** 2);
		console.log(`${connections} connections: ${mebibytes} MiB at the most, ${accepted} events accepted`);
		expect(peak).toBeLessThan(maxResident);
		expect((await collector.profiles.stats()).events).toBe(accepted);
	},
	120_000 + connections * 2_000,
);
