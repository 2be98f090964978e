import type { JsonObject, Page } from "@selfsame/protocol";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startCollector, type TestCollector, track } from "./startCollector.ts";

let collector: TestCollector;
beforeAll(async () => {
	collector = await startCollector();
});
afterAll(() => collector.stop());

const list = async (query = "") => (await collector.get<Page<JsonObject>>(`/v1/rejected${query}`)).body.data;

describe("the dead letter store", () => {
	it("keeps what was rejected, with its reason and text", async () => {
		await collector.send([track(), { type: "purchase", userId: "u1", messageId: "bad" }, 5]);
		const letters = await list();
		expect(letters).toHaveLength(2);
		expect(letters).toContainEqual(
			expect.objectContaining({ source: "server", messageId: "bad", code: "invalid_type" }),
		);
		const [letter] = await list("?code=invalid_type");
		expect(JSON.parse(String(letter?.body))).toEqual({ type: "purchase", userId: "u1", messageId: "bad" });
		expect((await collector.get("/v1/stats")).body).toMatchObject({ events: 1, rejected: 2 });
	});

	it("gives its letters another chance: what is good now is stored once, the rest stays", async () => {
		const receivedAt = Date.now() - 3_600_000;
		const body = JSON.stringify(track({ userId: "replayed", messageId: "good" }));
		const cause = { source: "server", receivedAt, code: "not_storable", detail: "A fault since mended." };
		await collector.store.ingest([], [{ ...cause, messageId: "good", body }]);
		const replay = () => collector.act<JsonObject>("POST", "/v1/rejected/replay", {});
		expect((await replay()).body).toMatchObject({ accepted: 1, remaining: [expect.anything(), expect.anything()] });
		expect((await replay()).body).toMatchObject({ accepted: 0, duplicates: 0 });
		const [event] = await collector.events("user_id:replayed");
		expect(event).toMatchObject({ messageId: "good", receivedAt: new Date(receivedAt).toISOString() });
	});

	it("keeps a retry once, and another fault or another event besides", async () => {
		const before = (await list()).length;
		const bad = { type: "purchase", userId: "u1", messageId: "sent twice" };
		for (let attempt = 0; attempt < 3; attempt++) {
			expect((await collector.send([track({ messageId: `neighbour ${attempt}` }), bad])).body.rejected).toHaveLength(1);
		}
		expect(await list()).toHaveLength(before + 1);
		await collector.send([
			{ ...bad, type: "track" },
			{ ...bad, messageId: "another" },
		]);
		expect(await list()).toHaveLength(before + 3);
	});

	it("refuses a replay that makes no sense", async () => {
		expect((await collector.act("POST", "/v1/rejected/replay", { ids: [0] })).status).toBe(400);
		expect((await collector.act("POST", "/v1/rejected/replay", { id: 1 })).status).toBe(400);
	});
});
