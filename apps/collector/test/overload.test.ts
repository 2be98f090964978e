import { connect, type Socket } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parseConfig } from "../src/index.ts";
import { basic, startCollector, type TestCollector, track, writeKey } from "./startCollector.ts";

let collector: TestCollector;
beforeAll(async () => {
	collector = await startCollector({ config: parseConfig({ queueBytes: 8 * 1024 * 1024 }) });
});
afterAll(() => collector.stop());

/** Opens a request and sends so much of a body of 4 MB; answers once that has arrived. */
async function hold(bytes: number): Promise<Socket> {
	const socket = connect(collector.port, "127.0.0.1");
	socket.on("error", () => {});
	const { authorization } = basic(writeKey);
	socket.write(
		`POST /v1/batch HTTP/1.1\r\nhost: x\r\nauthorization: ${authorization}\r\ncontent-length: 4000000\r\n\r\n`,
	);
	const before = await lent();
	socket.write("x".repeat(bytes));
	await expect.poll(lent).toBeGreaterThanOrEqual(before + bytes);
	return socket;
}

async function lent(): Promise<number> {
	const { body } = await collector.call<string>("/metrics");
	return Number(/^selfsame_queue_bytes (\d+)/m.exec(body)?.[1]);
}

const pad = "x".repeat(3_900_000);

describe("overload", () => {
	it("lends what has arrived, not what was declared", async () => {
		const held = await Promise.all(Array.from({ length: 50 }, () => hold(1)));
		expect(
			(await collector.send([track({ messageId: "beside declared ones" })], writeKey, { pad })).body.accepted,
		).toBe(1);
		for (const socket of held) socket.destroy();
		await expect.poll(lent).toBe(0);
	});

	it("refuses with 429 and Retry-After, keeps what it acknowledged, and lets small requests through", async () => {
		const [held, refused] = [
			await hold(3_000_000),
			await collector.send([track({ messageId: "large" })], writeKey, { pad }),
		];
		expect(refused.status).toBe(429);
		expect(refused.headers.get("retry-after")).toMatch(/^\d+$/);
		expect(refused.body).toMatchObject({ code: "overloaded" });
		expect((await collector.send([track({ messageId: "small" })])).body.accepted).toBe(1);
		held.destroy();
		await expect.poll(lent).toBe(0);
		expect((await collector.send([track({ messageId: "large" })], writeKey, { pad })).body.accepted).toBe(1);
	});

	it("a body that stalls is given up for one that comes", async () => {
		const held = await hold(3_000_000);
		const answered = new Promise((resolve) => held.once("data", (chunk) => resolve(chunk.toString("latin1"))));
		await new Promise((resolve) => setTimeout(resolve, 1_100));
		expect((await collector.send([track({ messageId: "prompt" })], writeKey, { pad })).body.accepted).toBe(1);
		expect(await answered).toMatch(/^HTTP\/1\.1 429/);
		held.destroy();
	});

	it("an event whose key is in its body alone is taken beside bodies without a key that fill their small part", async () => {
		const strangers = Array.from({ length: 100 }, () => {
			const socket = connect(collector.port, "127.0.0.1").on("error", () => {});
			socket.write("POST /v1/batch HTTP/1.1\r\nhost: x\r\ncontent-length: 60000\r\n\r\n");
			socket.write(" ".repeat(30_000));
			return socket;
		});
		await expect.poll(lent).toBeGreaterThan(900_000);
		const body = JSON.stringify(track({ messageId: "by body", writeKey }));
		for (let at = 0; at < 20; at++) expect((await collector.post("/v1/track", body, {})).status).toBe(200);
		expect(await lent()).toBeLessThanOrEqual(1024 * 1024);
		for (const socket of strangers) socket.destroy();
		await expect.poll(lent).toBe(0);
	});

	it("what a body becomes counts against no small part once it has named its source", async () => {
		// 400 times 4 KB in a body of 20 KB.
		const batch = Array.from({ length: 400 }, (_, at) => track({ messageId: `wide ${at}`, userId: "wide" }));
		const body = JSON.stringify({ writeKey, context: { wide: "x".repeat(4_000) }, batch });
		expect((await collector.post("/v1/batch", body, {})).body).toMatchObject({ accepted: 400 });
	});

	it("answers each of many senders of large bodies, and stores exactly what it says", async () => {
		const pad = "x".repeat(2_000_000);
		const answers = await Promise.all(
			Array.from({ length: 24 }, (_, at) =>
				collector.send([track({ messageId: `m${at}`, userId: "many" })], writeKey, { pad }),
			),
		);
		for (const { status } of answers) expect([200, 429]).toContain(status);
		const accepted = answers.filter(({ status }) => status === 200).length;
		expect(accepted).toBeGreaterThan(0);
		expect((await collector.profile("user_id:many"))?.eventCount).toBe(accepted);
	});
});
