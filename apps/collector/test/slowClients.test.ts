import { connect } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { basic, startCollector, type TestCollector, track, writeKey } from "./startCollector.ts";

let collector: TestCollector;
beforeAll(async () => {
	collector = await startCollector();
});
afterAll(() => collector.stop());

/** Opens a connection, sends this, and then a byte every second, as slow as can be; answers once the server has enough. */
function drip(head: string, byte: string): Promise<string> {
	return new Promise((resolve) => {
		const socket = connect(collector.port, "127.0.0.1");
		let answer = "";
		socket.write(head);
		const dripping = setInterval(() => byte && socket.write(byte), 1_000);
		socket.on("data", (chunk) => {
			answer += chunk.toString("latin1");
		});
		socket.on("error", () => {});
		socket.on("close", () => {
			clearInterval(dripping);
			resolve(answer);
		});
	});
}

describe("slow clients", () => {
	it("are cut off, whichever part they are slow with, and give back what was kept for them", async () => {
		const { authorization } = basic(writeKey);
		const post = `POST /v1/batch HTTP/1.1\r\nhost: x\r\nauthorization: ${authorization}\r\n`;
		const [silent, headers, body, chunked] = await Promise.all([
			drip("", ""),
			drip(`${post}x-slow: `, "x"),
			drip(`${post}content-length: 4000000\r\n\r\n{`, " "),
			drip(`${post}transfer-encoding: chunked\r\n\r\n`, "1\r\n \r\n"),
		]);
		for (const answer of [silent, headers, body, chunked]) expect(answer).not.toMatch(/HTTP\/1\.1 [25]/);
		for (const answer of [headers, body, chunked]) expect(answer).toMatch(/^HTTP\/1\.1 408/);
		expect((await collector.call<string>("/metrics")).body).toMatch(/selfsame_queue_bytes 0/);
		expect((await collector.send([track()])).body.accepted).toBe(1);
	}, 180_000);
});
