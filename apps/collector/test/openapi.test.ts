import { readFile } from "node:fs/promises";
import type { JsonObject, Profile } from "@selfsame/protocol";
import { makeDatabase } from "@selfsame/store/testing";
import { Validator } from "@seriousme/openapi-schema-validator";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { formatTypes } from "../scripts/formatTypes.ts";
import { type Described, writeTypes } from "../scripts/writeTypes.ts";
import { createCollector, listen } from "../src/index.ts";
import { createAnswerCheck, createSchemaCheck, type OpenApiDocument } from "./checkAnswer.ts";
import { checkedFetch } from "./checkedFetch.ts";
import { apiKey, startCollector, type TestCollector, track } from "./startCollector.ts";

let collector: TestCollector;
let document: OpenApiDocument & { components: { schemas: Record<string, { properties: Record<string, unknown> }> } };
beforeAll(async () => {
	collector = await startCollector();
	document = (await collector.call<typeof document>("/openapi.json")).body;
});
afterAll(() => collector.stop());

describe("GET /openapi.json", () => {
	it("is a valid OpenAPI 3.1 document", async () => {
		const result = await new Validator().validate(structuredClone(document) as never);
		expect(result).toMatchObject({ valid: true });
	});

	it("describes every route there is, each under a name of its own", () => {
		const registered = collector.app.routes
			.filter(({ method }) => method !== "OPTIONS" && method !== "ALL")
			.map(({ method, path }) => `${method} ${path.replaceAll(/:(\w+)/g, "{$1}").replace(/-[0-9a-f]{16}/, "-{hash}")}`);
		const described = Object.entries(document.paths).flatMap(([path, operations]) =>
			Object.keys(operations).map((method) => `${method.toUpperCase()} ${path}`),
		);
		expect([...new Set(described)].sort()).toEqual([...new Set(registered)].sort());
		const ids = Object.values(document.paths).flatMap((operations) =>
			Object.values(operations).map((operation) => (operation as unknown as { operationId: string }).operationId),
		);
		expect(new Set(ids).size).toBe(ids.length);
	});

	it("describes what a pinned SDK of another build is answered", async () => {
		expect((await collector.call("/selfsame-0000000000000000.js")).status).toBe(404);
	});

	it.each(["/openapi.json", "/schemas/filter.json", "/docs/start.js", "/selfsame.js"])(
		"needs no key, as %s, and answers 304 while it is the same, also where a proxy made the tag weak",
		async (path) => {
			const etag = (await collector.call(path)).headers.get("etag");
			for (const sent of [etag, `W/${etag}`, `"other", ${etag}`, "*"]) {
				const again = await collector.call(path, { headers: { "if-none-match": sent ?? "" } });
				expect([sent, again.status]).toEqual([sent, 304]);
			}
			expect((await collector.call(path, { headers: { "if-none-match": '"other"' } })).status).toBe(200);
		},
	);
});

describe("GET /v1/events/stream", () => {
	it("sends messages as `LiveMessage` describes them", async () => {
		await collector.send([
			track({ userId: "live", anonymousId: "live device" }),
			{ type: "alias", userId: "live", previousId: "live too" },
			{ type: "purchase" },
		]);
		const headers = { authorization: `Bearer ${apiKey}`, "last-event-id": "0.0" };
		const response = await checkedFetch(`${collector.url}/v1/events/stream`, { headers });
		let text = "";
		for await (const piece of response.body as ReadableStream<Uint8Array>) {
			text += Buffer.from(piece).toString("utf8");
			if (text.includes('"rejected"')) break;
		}
		const messages = [...text.matchAll(/^data: (.*)$/gm)].map(([, data = ""]) => JSON.parse(data) as JsonObject);
		expect(new Set(messages.map(({ verdict }) => verdict))).toEqual(new Set(["accepted", "rejected"]));
		const check = createSchemaCheck(document, "LiveMessage");
		expect(messages.map(check)).toEqual(messages.map(() => null));
		expect(check({ ...messages[0], seq: "1" })).toMatch(/./);
	});
});

describe("selfsame/profiles", () => {
	it("is written from this description: run `pnpm generate:client` in apps/collector when it is not", async () => {
		const file = new URL("../../../packages/sdk/src/profiles/generated.ts", import.meta.url);
		const written = formatTypes(writeTypes(document as unknown as Described));
		expect(await readFile(file, "utf8")).toBe(written);
	});
});

describe("the check of all answers in these tests", () => {
	const profile = async () => {
		await collector.send([track({ userId: "checked" })]);
		const path = "/v1/profiles/user_id:checked";
		const { status, headers, body } = await collector.get<Profile>(path);
		return { method: "GET", path, status, contentType: headers.get("content-type"), body: body as unknown };
	};

	it("fails for a body, a status or a content type that is not described", async () => {
		const check = createAnswerCheck(document);
		const good = await profile();
		expect(() => check(good)).not.toThrow();
		expect(() => check({ ...good, body: { ...(good.body as Profile), extra: 1 } })).toThrow("not as described");
		expect(() => check({ ...good, body: { ...(good.body as Profile), eventCount: "1" } })).toThrow("not as described");
		expect(() => check({ ...good, body: { ...(good.body as Profile), firstSeen: "today" } })).toThrow(
			"not as described",
		);
		expect(() => check({ ...good, status: 201 })).toThrow("not described");
		expect(() => check({ ...good, contentType: "text/html" })).toThrow("not described");
		expect(() => check({ ...good, path: "/v1/people/1" })).toThrow("no such operation");
		expect(() => check({ ...good, status: 304 })).toThrow("with a body");
	});

	it("fails for a description that is wrong", async () => {
		const good = await profile();
		const wrong = structuredClone(document);
		for (const name of ["Profile", "ProfilePart"]) {
			Object.assign(wrong.components.schemas[name]?.properties ?? {}, { eventCount: { type: "string" } });
		}
		expect(() => createAnswerCheck(wrong)(good)).toThrow("not as described");
		const poorer = structuredClone(document);
		delete poorer.paths["/v1/profiles/{ref}"]?.get?.responses[200];
		expect(() => createAnswerCheck(poorer)(good)).toThrow("not described");
	});

	it("stands in the way of every call that these tests make", async () => {
		const database = await makeDatabase();
		const other = await createCollector({ databaseUrl: database.url });
		other.app.get("/v1/undescribed", (c) => c.json({}));
		const { url, stop } = await listen(other, { port: 0, host: "127.0.0.1" });
		await expect(checkedFetch(`${url}/v1/undescribed`)).rejects.toThrow("no such operation is described");
		expect((await checkedFetch(`${url}/health`)).status).toBe(200);
		await stop(500);
		await other.close();
		await database.drop();
	});
});
