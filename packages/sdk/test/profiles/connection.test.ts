import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, expectTypeOf, it } from "vitest";
import {
	createProfiles,
	type Identity,
	type Profile,
	type Profiles,
	ProfilesError,
	type StoredEvent,
} from "../../src/profiles/index.ts";

type Answer = (request: IncomingMessage & { text: string }, response: ServerResponse) => void;

const stops: (() => void)[] = [];
afterEach(() => {
	for (const stop of stops.splice(0)) stop();
});

/** A server that gives these answers in turn, and a client of it; notes what it was asked. */
async function serve(...answers: Answer[]) {
	const asked: { method: string; url: string; headers: IncomingMessage["headers"]; text: string }[] = [];
	const server = createServer(async (request, response) => {
		let text = "";
		for await (const chunk of request) text += chunk;
		asked.push({ method: request.method ?? "", url: request.url ?? "", headers: request.headers, text });
		const answer = answers[Math.min(asked.length, answers.length) - 1] as Answer;
		answer(Object.assign(request, { text }), response);
	});
	server.listen(0, "127.0.0.1");
	await once(server, "listening");
	stops.push(() => {
		server.closeAllConnections();
		server.close();
	});
	const host = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
	return { asked, host, profiles: createProfiles({ host: `${host}/`, apiKey: "key" }) };
}

const json =
	(status: number, body: unknown, headers: Record<string, string> = {}): Answer =>
	(_, response) =>
		response.writeHead(status, { "content-type": "application/json", ...headers }).end(JSON.stringify(body));
const problem = (status: number, code: string, headers?: Record<string, string>) =>
	json(status, { type: "about:blank", title: "t", status, code, detail: "do this" }, headers);

describe("createProfiles", () => {
	it("sends the key, and names encoded whole", async () => {
		const { asked, profiles } = await serve(json(200, { data: [], page: { next: null, hasMore: false, limit: 1 } }));
		await profiles.traitHistory("user_id:a/b?c=%#😀", "k/é", { asOf: new Date(0), limit: 1 }).all();
		expect(asked[0]).toMatchObject({
			method: "GET",
			url: "/v1/profiles/user_id%3Aa%2Fb%3Fc%3D%25%23%F0%9F%98%80/traits/k%2F%C3%A9/history?asOf=1970-01-01T00%3A00%3A00.000Z&limit=1",
			headers: { authorization: "Bearer key" },
		});
	});

	it("tries again what may pass, and repeats a write under its key", async () => {
		const { asked, profiles } = await serve(
			problem(503, "storage_unavailable", { "retry-after": "0" }),
			(request) => request.socket.destroy(),
			json(200, { id: "pro_1" }),
		);
		expect(await profiles.merge("user_id:u1", { userId: "u2", reason: "r" })).toEqual({ id: "pro_1" });
		expect(asked.map(({ method, text }) => [method, text])).toEqual(
			Array(3).fill(["POST", '{"userId":"u2","reason":"r"}']),
		);
		const keys = asked.map(({ headers }) => headers["idempotency-key"]);
		expect(new Set(keys).size).toBe(1);
		expect(keys[0]).toMatch(/^[0-9a-f-]{36}$/);
	});

	it.each([
		[
			problem(404, "not_found", { "x-request-id": "r1" }),
			{ code: "not_found", status: 404, detail: "do this", requestId: "r1" },
		],
		[problem(429, "rate_limited", { "retry-after": "3600" }), { code: "rate_limited", status: 429 }],
		[problem(500, "internal_error"), { code: "internal_error", status: 500 }],
		[
			((_, response) => response.writeHead(502).end("<html>")) as Answer,
			{ code: "http_502", status: 502, requestId: null },
		],
	])("gives up at once where waiting is no use (%#)", async (answer, expected) => {
		const { asked, profiles } = await serve(answer);
		const error = await profiles.stats().catch((thrown: unknown) => thrown);
		expect(error).toBeInstanceOf(ProfilesError);
		expect(error).toMatchObject({ name: "ProfilesError", ...expected });
		expect(asked).toHaveLength(1);
	});

	it("says that nobody answers, and stops when it is told to", async () => {
		const { host } = await serve((_, response) => void response);
		const slow = createProfiles({ host, apiKey: "k", timeout: 50, retries: 1 });
		await expect(slow.stats()).rejects.toMatchObject({
			code: "network_error",
			status: 0,
			detail: "No answer within 50 ms.",
		});
		const controller = new AbortController();
		const waiting = createProfiles({ host, apiKey: "k" }).stats({ signal: controller.signal });
		controller.abort(new Error("enough"));
		await expect(waiting).rejects.toThrow("enough");
		const nobody = createProfiles({ host: "http://127.0.0.1:1", apiKey: "k", retries: 0 });
		await expect(nobody.stats()).rejects.toMatchObject({ code: "network_error" });
	});

	it("follows a stream over cuts, from the last message that came, whatever the pieces it comes in", async () => {
		const event = (response: ServerResponse) => response.writeHead(200, { "content-type": "text/event-stream" });
		const { asked, profiles } = await serve(
			(_, response) => {
				event(response).write('retry: 1\nid: 0.0\n\n: hello\n\nid: 1.0\ndata: {"seq":1,\n');
				// A character of several bytes, in two pieces.
				const text = Buffer.from('data: "text":"é"}\n\nid: 5.0\n\nid: 9.0\ndata: {"half');
				response.write(text.subarray(0, 16));
				setTimeout(() => response.write(text.subarray(16), () => response.destroy()), 20);
			},
			problem(503, "shutting_down", { "retry-after": "0" }),
			(_, response) => void event(response).end('id: 6.0\ndata: {"seq":6}\n\n'),
			(_, response) => void event(response).write('id: 7.0\ndata: {"seq":7}\n\n'),
		);
		const seen: unknown[] = [];
		for await (const { id, message } of profiles.stream({ verdict: "accepted" })) {
			seen.push([id, message]);
			if (id === "7.0") break;
		}
		expect(seen).toEqual([
			["1.0", { seq: 1, text: "é" }],
			["6.0", { seq: 6 }],
			["7.0", { seq: 7 }],
		]);
		expect(asked.map(({ url }) => url)).toEqual(Array(4).fill("/v1/events/stream?verdict=accepted"));
		expect(asked.map(({ headers }) => headers["last-event-id"])).toEqual([undefined, "5.0", "5.0", "6.0"]);
	});

	it("ends a stream when it is told to, and throws what no waiting mends", async () => {
		const { profiles } = await serve((_, response) => void response.writeHead(200).write("id: 1.0\ndata: {}\n\n"));
		const controller = new AbortController();
		let count = 0;
		for await (const _ of profiles.stream({ signal: controller.signal, lastEventId: "0.0" })) {
			count++;
			controller.abort();
		}
		expect(count).toBe(1);
		const refused = await serve(problem(403, "missing_scope"));
		const all = async () => {
			for await (const _ of refused.profiles.stream()) count++;
		};
		await expect(all()).rejects.toMatchObject({ code: "missing_scope" });
	});

	it("refuses options that cannot work", () => {
		expect(() => createProfiles({ host: "shop.example", apiKey: "k" })).toThrow("host");
		expect(() => createProfiles({ host: "https://shop.example", apiKey: "" })).toThrow("apiKey");
	});

	it("types what it answers", () => {
		type Of<K extends keyof Profiles> = ReturnType<Profiles[K]>;
		expectTypeOf<Of<"find">>().resolves.toEqualTypeOf<Profile | null>();
		expectTypeOf<Of<"identity">>().resolves.toEqualTypeOf<Identity>();
		expectTypeOf<Of<"events">>().toExtend<AsyncIterable<StoredEvent>>();
		const some = (profiles: Profiles) => profiles.get("user_id:u1", { include: ["traits"] });
		expectTypeOf(some).returns.resolves.toEqualTypeOf<Pick<Profile, "id" | "traits">>();
		// @ts-expect-error an order that there is not
		void ((profiles: Profiles) => profiles.events("user_id:u1", { order: "up" }));
	});
});
