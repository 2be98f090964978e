import { connect, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import type { EventView, JsonObject } from "@selfsame/protocol";
import type { IdentityDecision } from "@selfsame/store";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { hashKey } from "../src/auth/hashKey.ts";
import { createCollector, listen } from "../src/index.ts";
import { createLiveHub } from "../src/live/createLiveHub.ts";
import { checkedFetch } from "./checkedFetch.ts";
import { createCli } from "./runCli.ts";
import { apiKey, startCollector, type TestCollector, track, webKey } from "./startCollector.ts";

interface Message {
	id: string;
	data: { verdict: string; seq: number; profileId: string; event: EventView; identity: IdentityDecision } & JsonObject;
}

const live = { heartbeat: 300, patience: 1_000, maxStreams: 5 };

describe("GET /v1/events/stream", () => {
	let collector: TestCollector;
	beforeEach(async () => {
		collector = await startCollector({ live });
	});
	afterEach(() => collector.stop());

	/** Follows the stream as a client does: what has come so far, and a wait for so many. */
	async function follow(query = "", headers: Record<string, string> = {}, url = collector.url) {
		const aborter = new AbortController();
		const authorization = `Bearer ${apiKey}`;
		const response = await checkedFetch(`${url}/v1/events/stream${query}`, {
			headers: { authorization, ...headers },
			signal: aborter.signal,
		});
		let text = "";
		const over = (async () => {
			for await (const piece of response.body as ReadableStream<Uint8Array>) text += Buffer.from(piece).toString();
		})().then(
			() => "ended",
			() => "cut",
		);
		const blocks = () => text.split("\n\n").slice(0, -1);
		const field = (block: string, name: string) =>
			block
				.split("\n")
				.find((line) => line.startsWith(`${name}: `))
				?.slice(name.length + 2);
		const messages = (): Message[] =>
			blocks().flatMap((block) => {
				const data = field(block, "data");
				return data === undefined ? [] : [{ id: field(block, "id") as string, data: JSON.parse(data) }];
			});
		return {
			response,
			over,
			messages,
			text: () => text,
			/** What a client would send back. */
			lastId: () =>
				blocks()
					.flatMap((block) => field(block, "id") ?? [])
					.at(-1) as string,
			names: () => messages().map(({ data }) => data.event?.event ?? data.messageId),
			async wait(count: number): Promise<Message[]> {
				await expect.poll(() => messages().length).toBeGreaterThanOrEqual(count);
				return messages();
			},
			stop: () => aborter.abort(),
		};
	}

	const sendNamed = (...names: string[]) => collector.send(names.map((event) => track({ event })));

	it("tells what is accepted and what is rejected, each with its reason", async () => {
		const client = await follow();
		expect(client.response.headers.get("content-type")).toContain("text/event-stream");
		expect((await collector.call<string>("/metrics")).body).toContain("selfsame_live_streams 1");
		await expect.poll(client.text).toContain("id: ");
		await collector.send([
			track({ anonymousId: "a1", timestamp: "2026-01-31T12:00:00.000Z" }),
			{ type: "track" },
			track({ userId: "u2", anonymousId: "a1", timestamp: "2026-01-31T12:00:01.000Z" }),
		]);
		const messages = await client.wait(3);
		expect(messages.map(({ data }) => data.verdict).sort()).toEqual(["accepted", "accepted", "rejected"]);
		const [first, second] = messages.filter(({ data }) => data.verdict === "accepted").map(({ data }) => data);
		const [u1, u2, a1] = [
			{ type: "user_id", value: "u1" },
			{ type: "user_id", value: "u2" },
			{ type: "anonymous_id", value: "a1" },
		];
		expect(first).toMatchObject({ seq: expect.any(Number), event: { event: "Order Completed", userId: "u1" } });
		expect(first?.profileId).toBe((await collector.profile("user_id:u1"))?.id);
		expect(first?.identity.changes).toContainEqual({ kind: "claim", identifier: a1, other: u1 });
		expect(second?.identity).toMatchObject({
			identifiers: [u2, a1],
			refused: [{ identifier: a1, from: u2, reason: "moved" }],
		});
		const rejected = messages.find(({ data }) => data.verdict === "rejected")?.data;
		expect(rejected).toMatchObject({ code: "invalid_event", source: "server", body: expect.stringContaining("track") });
		client.stop();
	});

	it("goes on after the last id, over cut lines and new starts, and tells nothing twice", async () => {
		const told: string[] = [];
		let id = "0.0";
		let [server, url]: [Awaited<ReturnType<typeof listen>> | null, string] = [null, collector.url];
		const { databaseUrl } = collector;
		let running: Awaited<ReturnType<typeof createCollector>> | null = null;
		for (let round = 0; round < 4; round++) {
			const names = Array.from({ length: 30 }, (_, index) => `${round}-${index}`);
			const store = running?.store ?? collector.store;
			const client = await follow("", { "last-event-id": id }, url);
			for (const event of names) {
				await store.ingest([accepted(event)], event.endsWith("0") ? [letter(event)] : []);
			}
			// Cut somewhere in the middle: the rest is for the next one.
			await client.wait(10);
			client.stop();
			await client.over;
			told.push(...client.names().map(String));
			id = client.lastId();
			await server?.stop(100);
			await running?.close();
			if (round === 0) await collector.close();
			running = await createCollector({ databaseUrl, keys: { apiKey }, live });
			server = await listen(running, { port: 0, host: "127.0.0.1" });
			url = server.url;
		}
		const rest = await follow("", { "last-event-id": id }, url);
		await rest.wait(4 * 33 - told.length);
		told.push(...rest.names().map(String));
		expect(told).toHaveLength(4 * 33);
		expect(new Set(told).size).toBe(4 * 33);
		expect(told.filter((name) => !name.startsWith("bad"))).toEqual(
			Array.from({ length: 120 }, (_, index) => `${Math.floor(index / 30)}-${index % 30}`),
		);
		running?.refuseEvents();
		expect(await rest.over).toBe("ended");
		await server?.stop(100);
		await running?.close();
	});

	const accepted = (event: string) => ({
		source: "server",
		trust: "server" as const,
		messageId: event,
		type: "track" as const,
		name: event,
		timestamp: Date.now(),
		receivedAt: Date.now(),
		claims: { userId: "u1" },
		payload: "{}",
	});
	const letter = (name: string) => ({
		source: "server",
		receivedAt: Date.now(),
		messageId: `bad-${name}`,
		code: "invalid_event",
		detail: "no",
		body: "{}",
	});

	it("begins now, or at the id it is given", async () => {
		await sendNamed("before");
		await collector.settle();
		const [now, beginning] = [await follow(), await follow("?lastEventId=0.0")];
		await expect.poll(now.text).toContain("id: ");
		await sendNamed("after");
		await now.wait(1);
		await beginning.wait(2);
		expect([now.names(), beginning.names()]).toEqual([["after"], ["before", "after"]]);
		for (const { stop } of [now, beginning]) stop();
	});

	it("tells what another process stores", async () => {
		const client = await follow();
		const other = await createCollector({ databaseUrl: collector.databaseUrl, keys: { apiKey } });
		await other.store.ingest([accepted("elsewhere")]);
		await client.wait(1);
		expect(client.names()).toEqual(["elsewhere"]);
		await other.close();
		client.stop();
	});

	it("shows only what is asked for, and remembers what it has passed over", async () => {
		const web = webKey;
		const clients = {
			"verdict=rejected": [null],
			"source=web": ["web"],
			"type=page": [undefined],
			"name=b": ["b"],
			"profile=user_id%3Au9": ["ninth"],
		};
		const open = await Promise.all(
			Object.keys(clients)
				.slice(0, 5)
				.map((query) => follow(`?${query}`)),
		);
		await sendNamed("a", "b");
		await collector.send([track({ event: "web", userId: "u1" })], web);
		await collector.send([{ type: "page", name: "b-page", userId: "u1" }, { type: "track" }]);
		await collector.send([track({ event: "ninth", userId: "u9" }), track({ event: "last" })]);
		await collector.settle();
		const end = (await collector.store.readFeed({ seq: 0, letter: 0 }, 100)).at(-1);
		for (const [index, [, names]] of Object.entries(clients).entries()) {
			const client = open[index] as (typeof open)[number];
			await expect.poll(client.lastId).toBe(`${end?.place.seq}.${end?.place.letter}`);
			expect(
				client.messages().map(({ data }) => data.event?.event ?? (data.verdict === "rejected" ? null : undefined)),
			).toEqual(names);
		}
		for (const { stop } of open) stop();
	});

	it("keeps the line up, and ends when the server stops", async () => {
		const client = await follow();
		await expect.poll(client.text).toContain(": no news");
		collector.refuseEvents();
		expect(await client.over).toBe("ended");
		expect(client.text()).toContain(": the server is stopping");
		const refused = await follow();
		expect(refused.response.status).toBe(503);
	});

	it("does not keep a server from stopping", async () => {
		const cli = createCli(collector.databaseUrl);
		const server = await cli.start();
		const client = await follow("", {}, server.url);
		await expect.poll(client.text).toContain("id: ");
		server.child.kill("SIGTERM");
		expect(await client.over).toBe("ended");
		expect(await server.exited).toMatchObject({ code: 0 });
		cli.kill();
	});

	it("opens no more than so many, and gives a place back", async () => {
		const clients = await Promise.all(Array.from({ length: live.maxStreams }, () => follow()));
		const refused = await follow();
		expect(refused.response.status).toBe(429);
		expect(refused.response.headers.get("retry-after")).toBe("10");
		const head = { method: "HEAD", headers: { authorization: `Bearer ${apiKey}` } };
		expect((await fetch(`${collector.url}/v1/events/stream`, head)).status).toBe(200);
		clients[0]?.stop();
		await expect
			.poll(async () => {
				const client = await follow();
				client.stop();
				return client.response.status;
			})
			.toBe(200);
		for (const { stop } of clients) stop();
	});

	it("drops who does not read, and ingest does not wait for it", async () => {
		const socket: Socket = connect(collector.port, "127.0.0.1");
		socket.write(`GET /v1/events/stream HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${apiKey}\r\n\r\n`);
		socket.pause();
		const gone = new Promise<void>((resolve) => socket.on("close", () => resolve()));
		socket.on("error", () => {});
		const reader = await follow();
		await expect.poll(() => reader.text()).toContain("id: ");
		// 24 MB: more than the sockets on both sides hold.
		const note = "x".repeat(60_000);
		for (let batch = 0; batch < 10; batch++) {
			const events = Array.from({ length: 40 }, (_, index) =>
				track({ event: `${batch}-${index}`, properties: { note } }),
			);
			expect((await collector.send(events)).body.accepted).toBe(40);
		}
		// Who reads has all of it meanwhile.
		await reader.wait(400);
		await sleep(2 * live.patience);
		// A paused socket does not see its end before it has read what is left.
		socket.resume();
		await gone;
		expect(socket.bytesRead).toBeLessThan(24_000_000);
		const again = await follow("?lastEventId=0.0");
		expect(await again.wait(400)).toHaveLength(400);
		for (const { stop } of [reader, again]) stop();
	});

	it("reads nothing, and works no refusals out, for a client that has left", async () => {
		const hub = createLiveHub(
			{
				readFeed: (after, count) => {
					reads += 1;
					return collector.store.readFeed(after, count);
				},
			},
			live,
		);
		let reads = 0;
		const place = await collector.store.feedEnd();
		const left = hub.join();
		const waiting = left?.next(place);
		await expect.poll(() => reads).toBe(1);
		left?.leave();
		expect(await waiting).toBeNull();
		await collector.send([track()]);
		const stays = hub.join();
		expect(await stays?.next(place)).toHaveLength(1);
		expect(await left?.next(place)).toBeNull();
		expect(reads).toBe(2);
		stays?.leave();
		hub.close();
	});

	it("masks what is personal for a key without pii:read", async () => {
		const key = "reader-without-pii";
		const record = { id: key, name: key, hash: hashKey(key), scopes: ["read"], createdAt: 0, lastUsedAt: null };
		await collector.store.putSecretKey(record);
		const authorization = { authorization: `Bearer ${key}` };
		await sleep(2_100);
		const client = await follow("?lastEventId=0.0", authorization);
		await collector.send([
			{ type: "identify", userId: "u1", traits: { email: "u1@x.io", plan: "pro" } },
			{ type: "track", properties: { email: "u2@x.io" } },
			track({ userId: "u3@x.io", anonymousId: "a3" }),
		]);
		await client.wait(3);
		expect(client.text()).not.toContain("@x.io");
		expect(client.text()).toContain('"plan":"pro"');
		client.stop();
		const refused = await follow("?profile=user_id%3Au3%40x.io", authorization);
		expect(refused.response.status).toBe(403);
	});

	it("refuses what it does not know", async () => {
		for (const [query, status] of [
			["?lastEventId=yesterday", 400],
			["?lastEventId=999999999999999.0", 400],
			["?verdict=maybe", 400],
			["?profile=u1", 400],
		] as const) {
			expect((await follow(query)).response.status, query).toBe(status);
		}
		expect((await checkedFetch(`${collector.url}/v1/events/stream`)).status).toBe(401);
	});
});
