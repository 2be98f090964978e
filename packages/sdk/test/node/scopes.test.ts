import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { serve } from "@hono/node-server";
import { Hono } from "hono";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createClient as createEdgeClient } from "../../src/edge/index.ts";
import { selfsame as honoMiddleware } from "../../src/hono.ts";
import { type Client, createClient } from "../../src/node/index.ts";
import { startFaultSink } from "./faultSink.ts";

const scale = Number(process.env.SELFSAME_TEST_SCALE ?? 1);
let sink: Awaited<ReturnType<typeof startFaultSink>>;
let client: Client;

beforeAll(async () => {
	sink = await startFaultSink();
	client = createClient({ writeKey: "WK", host: sink.url });
});
afterAll(async () => {
	await client.close();
	await sink.stop();
});

/** Deep in an application, where nobody passes a request along. */
async function deepInside(request: string): Promise<void> {
	await pause(Math.random() * 20);
	client.track({ event: "Deep", properties: { request } });
	await new Promise<void>((resolve) => setImmediate(resolve));
	client.identify({ traits: { request } });
}

function eventsOf(request: string) {
	return sink.order.filter((event) => {
		const { properties, traits } = event as { properties?: { request?: string }; traits?: { request?: string } };
		return (properties ?? traits)?.request === request;
	});
}

/** Requests at a time: enough to interleave, few enough for no server to be overrun on a busy machine. */
const LANES = 25;

type Listening = { url: string; flush?: () => Promise<void>; close: () => void };
const servers: [string, () => Promise<Listening>][] = [
	[
		"Hono",
		async () => {
			const app = new Hono();
			app.use(honoMiddleware(client));
			app.get("/:request", async (c) => c.text(String(await deepInside(c.req.param("request")))));
			return new Promise((resolve) => {
				const server = serve({ fetch: app.fetch, port: 0, hostname: "127.0.0.1" }, () =>
					resolve(listening(server as Server)),
				);
			});
		},
	],
	[
		"Express",
		async () => {
			const path = join(import.meta.dirname, "children", "expressApp.ts");
			const child = spawn(process.execPath, ["--conditions=@selfsame/source", path, sink.url]);
			child.stderr.pipe(process.stderr);
			const [port] = (await once(child.stdout, "data")) as [Buffer];
			const url = `http://127.0.0.1:${port.toString().trim()}`;
			return { url, flush: async () => void (await fetch(`${url}/flush`)), close: () => child.kill() };
		},
	],
	[
		"plain Node",
		async () => {
			const server = createServer((request, response) => {
				const run = async () => {
					await deepInside((request.url ?? "").slice(1));
					response.end();
				};
				void client.fromRequest(request).run(run);
			});
			await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
			return listening(server);
		},
	],
];

function listening(server: Server): Listening {
	// The default of five seconds may end a connection just as a late request takes it up again.
	server.keepAliveTimeout = 60_000;
	const { port } = server.address() as AddressInfo;
	return { url: `http://127.0.0.1:${port}`, close: () => server.close() };
}

describe.each(servers)("%s", (name, start) => {
	const count = name === "Hono" ? 1_000 : Math.min(1_000, 200 * scale);

	test(`${count} interleaved requests: every event has its own visitor and no other's`, async () => {
		const { url, close, flush = client.flush } = await start();
		const one = async (i: number) => {
			const headers = { cookie: `selfsame_id=anon-${name}-${i}`, "user-agent": `UA-${i}`, accept: "text/html" };
			const response = await fetch(`${url}/${name}-${i}`.replaceAll(" ", "-"), { headers });
			await response.text();
			expect(response.status).toBe(200);
		};
		await Promise.all(
			Array.from({ length: LANES }, async (_, lane) => {
				for (let i = lane; i < count; i += LANES) await one(i);
			}),
		);
		await flush();
		close();
		for (let i = 0; i < count; i++) {
			const own = eventsOf(`${name}-${i}`.replaceAll(" ", "-"));
			expect(own.map((event) => event.type)).toEqual(["track", "identify"]);
			for (const event of own) {
				expect(event).toMatchObject({
					anonymousId: `anon-${name}-${i}`,
					context: { userAgent: `UA-${i}`, ip: "127.0.0.1" },
				});
				expect((event.context as { page: { path: string } }).page.path).toBe(`/${name}-${i}`.replaceAll(" ", "-"));
			}
		}
	});
});

describe("the scope of a request", () => {
	const request = { headers: { cookie: "selfsame_id=visitor" } };
	const sent = async (run: () => unknown) => {
		const from = sink.order.length;
		await run();
		await client.flush();
		return sink.order.slice(from);
	};

	test("ends with the request: nothing is left for the next call", async () => {
		await client.fromRequest(request).run(() => pause(1));
		expect(() => client.track({ event: "E" })).toThrow(/pass a userId/);
	});

	test("fills in what a call does not say", async () => {
		const visitor = client.fromRequest(request, { userId: "u1" });
		const [plain, named, withAnonymous] = await sent(() =>
			visitor.run(() => {
				client.track({ event: "A" });
				client.track({ userId: "u1", event: "B" });
				client.track({ userId: "u1", anonymousId: "mine", event: "C" });
			}),
		);
		expect(plain).toMatchObject({ userId: "u1", anonymousId: "visitor" });
		expect(named).toMatchObject({ userId: "u1", anonymousId: "visitor" });
		expect(withAnonymous).toMatchObject({ userId: "u1", anonymousId: "mine" });
	});

	test("a call about somebody else does not take the visitor's anonymous id", async () => {
		const visitor = client.fromRequest(request, { userId: "clerk" });
		const [other, kept] = await sent(() =>
			visitor.run(() => {
				client.identify({ userId: "customer", traits: {} });
				client.identify({ userId: "u9", anonymousId: null });
			}),
		);
		expect(other).not.toHaveProperty("anonymousId");
		expect(kept?.anonymousId ?? null).toBeNull();
	});

	test("calls on the visitor itself need no scope; a visitor without a cookie is no mistake", async () => {
		const visitor = client.fromRequest(request);
		const stranger = client.fromRequest({ headers: {} });
		expect(visitor.anonymousId).toBe("visitor");
		const [known, unknown] = await sent(() => {
			visitor.track({ event: "A" });
			stranger.track({ event: "B" });
		});
		expect(known).toMatchObject({ anonymousId: "visitor" });
		expect(unknown).not.toHaveProperty("anonymousId");
	});

	test("an import takes nothing from the request it runs in", async () => {
		const past = [{ type: "track" as const, userId: "past", event: "E", timestamp: 0 }];
		const [event] = await sent(() => client.fromRequest(request).run(() => client.import(past)));
		expect(event).not.toHaveProperty("anonymousId");
	});
});

describe("serverless", () => {
	test("scope() resolves once everything called inside is delivered, with the handler's result", async () => {
		const handler = async (event: { user: string }) =>
			client.scope(async (it) => {
				it.track({ userId: event.user, event: "Called" });
				await pause(1);
				it.track({ userId: event.user, event: "Called again" });
				return { statusCode: 200 };
			});
		for (let i = 0; i < 20; i++) {
			expect(await handler({ user: `lambda-${i}` })).toEqual({ statusCode: 200 });
			// The loop freezes here: what is not stored now may never be.
			expect(sink.order.filter((event) => event.userId === `lambda-${i}`)).toHaveLength(2);
			expect(client.size).toBe(0);
		}
	});

	test("a handler that throws still delivers, and still throws", async () => {
		const run = client.scope(() => {
			client.track({ userId: "thrower", event: "E" });
			throw new Error("handler");
		});
		await expect(run).rejects.toThrow("handler");
		expect(sink.order.some((event) => event.userId === "thrower")).toBe(true);
	});

	test("waitUntil gets a promise that covers the events of the request", async () => {
		const promises: Promise<unknown>[] = [];
		const edge = createEdgeClient({
			writeKey: "WK",
			host: sink.url,
			waitUntil: (promise) => void promises.push(promise),
		});
		for (let i = 0; i < 30; i++) edge.track({ userId: "edge", event: "E" });
		expect(promises).toHaveLength(1);
		await promises[0];
		expect(sink.order.filter((event) => event.userId === "edge")).toHaveLength(30);
	});
});
