import { readdirSync, readFileSync } from "node:fs";
import { request } from "node:http";
import { gunzipSync } from "node:zlib";
import type { JsonObject } from "@selfsame/protocol";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { startCollector, type TestCollector } from "./startCollector.ts";

interface Recorded {
	method: string;
	url: string;
	headers: Record<string, string>;
	body?: string;
	bodyBase64?: string;
}

const folder = new URL("./fixtures/wire/", import.meta.url);
const files = readdirSync(folder).filter((file) => file.endsWith(".jsonl"));
let collector: TestCollector;

beforeEach(async () => {
	collector = await startCollector();
	const source = { id: "shop", name: "Shop", trust: "server" as const, options: {}, writeKeys: ["WK", "key"] };
	await collector.store.putSource(source);
	await collector.reload();
});
afterEach(() => collector.stop());

function readRecorded(file: string): Recorded[] {
	const lines = readFileSync(new URL(file, folder), "utf8").trim().split("\n");
	return lines.map((line) => JSON.parse(line));
}

function bytesOf({ body, bodyBase64 }: Recorded): Buffer | null {
	return bodyBase64 ? Buffer.from(bodyBase64, "base64") : body ? Buffer.from(body) : null;
}

function eventsOf(recorded: Recorded): JsonObject[] {
	const bytes = bytesOf(recorded);
	if (!bytes) return [];
	const body = JSON.parse((recorded.bodyBase64 ? gunzipSync(bytes) : bytes).toString());
	return body.batch ?? (body.type ? [body] : []);
}

/** Sends exactly the recorded headers: `fetch` would not. */
function replay(recorded: Recorded): Promise<{ status: number; headers: Record<string, unknown>; body: string }> {
	return new Promise((resolve, reject) => {
		const bytes = bytesOf(recorded);
		const headers = { ...recorded.headers, ...(bytes ? { "content-length": bytes.length } : {}) };
		const sent = request(collector.url + recorded.url, { method: recorded.method, headers }, (response) => {
			const chunks: Buffer[] = [];
			response.on("data", (chunk) => chunks.push(chunk));
			response.on("end", () => {
				const body = Buffer.concat(chunks).toString();
				resolve({ status: response.statusCode ?? 0, headers: response.headers, body });
			});
		});
		sent.on("error", reject);
		sent.end(bytes ?? undefined);
	});
}

describe.each(files)("%s", (file) => {
	it("is answered as its client needs", async () => {
		for (const recorded of readRecorded(file)) {
			const { status, headers, body } = await replay(recorded);
			if (recorded.headers.origin) expect(headers["access-control-allow-origin"]).toBe("*");
			if (recorded.method === "OPTIONS") {
				expect(status).toBe(204);
				expect(headers["access-control-allow-headers"]).toBe(recorded.headers["access-control-request-headers"]);
				expect(headers["access-control-allow-methods"]).toContain(recorded.headers["access-control-request-method"]);
				expect(Number(headers["access-control-max-age"])).toBeGreaterThanOrEqual(7_200);
				continue;
			}
			expect(status, `${recorded.method} ${recorded.url}: ${body}`).toBe(200);
			const answer = JSON.parse(body);
			if (recorded.url.includes("/settings")) {
				const { apiKey, apiHost, protocol } = answer.integrations["Segment.io"];
				expect(`${protocol}://${apiHost}`).toBe(`${collector.url}/v1`);
				expect(apiKey).toBe("WK");
			} else if (recorded.url.includes("/sourceConfig")) {
				expect(answer.source).toMatchObject({ id: "shop", config: {}, destinations: [] });
			} else if (!recorded.url.endsWith("/v1/m")) {
				expect(answer).toMatchObject({ success: true, accepted: eventsOf(recorded).length, rejected: [] });
				expect(headers["access-control-expose-headers"]).toContain("Retry-After");
			}
		}
	});

	it("becomes one person's events, however often it is sent", async () => {
		const recorded = readRecorded(file).filter(({ method }) => method === "POST");
		const sent = recorded.flatMap(eventsOf);
		for (let round = 0; round < 2; round++) for (const one of recorded) await replay(one);
		const { body } = await collector.get<{ events: number; profiles: number }>("/v1/stats");
		expect(body.events).toBe(sent.length);
		const user = sent.find(({ userId }) => userId);
		if (!user) return;
		const profile = await collector.profile(`user_id:${user.userId}`);
		expect(profile?.traits.email).toBe("a@b.c");
		const stored = await collector.events(`user_id:${user.userId}`);
		expect(stored.map(({ messageId }) => messageId).sort()).toEqual(sent.map(({ messageId }) => messageId).sort());
		for (const event of sent) {
			const view = stored.find(({ messageId }) => messageId === event.messageId);
			const { type, properties } = event;
			expect(view).toMatchObject({
				type,
				...(properties ? { properties } : {}),
				context: { library: (event.context as JsonObject).library },
			});
		}
	});
});
