import { connect } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parseConfig } from "../src/index.ts";
import { basic, startCollector, type TestCollector, track, writeKey } from "./startCollector.ts";

let collector: TestCollector;
beforeAll(async () => {
	collector = await startCollector({ config: parseConfig({ queueBytes: 8 * 1024 * 1024 }) });
});
afterAll(() => collector.stop());

/** Opens a request that promises a large body and sends nothing of it. */
async function hold(): Promise<() => void> {
	const socket = connect(collector.port, "127.0.0.1");
	const { authorization } = basic(writeKey);
	socket.write(
		`POST /v1/batch HTTP/1.1\r\nhost: x\r\nauthorization: ${authorization}\r\ncontent-length: 4000000\r\n\r\n{`,
	);
	await expect
		.poll(async () => (await collector.call<string>("/metrics")).body)
		.toMatch(/selfsame_queue_bytes 4000000/);
	return () => socket.destroy();
}

describe("overload", () => {
	it("refuses with 429 and Retry-After, keeps what it acknowledged, and lets small requests through", async () => {
		const letGo = await hold();
		const pad = "x".repeat(3_900_000);
		const refused = await collector.send([track({ messageId: "large" })], writeKey, { pad });
		expect(refused.status).toBe(429);
		expect(refused.headers.get("retry-after")).toMatch(/^\d+$/);
		expect(refused.body).toMatchObject({ code: "overloaded" });
		expect((await collector.send([track({ messageId: "small" })])).body.accepted).toBe(1);
		letGo();
		await expect.poll(async () => (await collector.call<string>("/metrics")).body).toMatch(/selfsame_queue_bytes 0/);
		expect((await collector.send([track({ messageId: "large" })], writeKey, { pad })).body.accepted).toBe(1);
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
