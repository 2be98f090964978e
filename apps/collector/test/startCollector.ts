import type { IngestAnswer, JsonObject, Page, Problem, Profile } from "@selfsame/protocol";
import type { Source } from "@selfsame/store";
import { makeDatabase, type TestDatabase } from "@selfsame/store/testing";
import { type CollectorOptions, createCollector, listen } from "../src/index.ts";
import { checkedFetch } from "./checkedFetch.ts";

export const writeKey = "server-write-key";
export const webKey = "web-write-key";
export const apiKey = "secret-api-key";

/** An answer with its body read. */
export interface Answer<T = unknown> {
	status: number;
	headers: Headers;
	body: T;
}

/**
 * A collector on a database of its own, listening on a free port, with the calls that tests make. The database is that of
 * the run, or the one that is given.
 */
export async function startCollector({
	database,
	...options
}: Partial<CollectorOptions> & { database?: TestDatabase } = {}) {
	const { url: databaseUrl, settle, drop } = database ?? (await makeDatabase());
	const keys = { writeKey, apiKey, webWriteKey: webKey };
	const collector = await createCollector({ databaseUrl, keys, ...options });
	const listening = await listen(collector, { port: 0, host: "127.0.0.1" });

	async function call<T>(path: string, init?: RequestInit): Promise<Answer<T>> {
		const response = await checkedFetch(listening.url + path, init);
		const text = await response.text();
		const isJson = response.headers.get("content-type")?.match(/[/+]json\b/) && text !== "";
		return { status: response.status, headers: response.headers, body: isJson ? JSON.parse(text) : text };
	}

	const secret = { authorization: `Bearer ${apiKey}` };
	return {
		...listening,
		...collector,
		databaseUrl,
		settle,
		call,
		/** Sends a body to an ingest path, as text or bytes. */
		post: (path: string, body: NonNullable<RequestInit["body"]>, headers: Record<string, string> = basic(writeKey)) =>
			call<IngestAnswer & Problem>(path, { method: "POST", body, headers }),
		/** Sends events as one batch. */
		send: (events: unknown[], key = writeKey, rest: JsonObject = {}) =>
			call<IngestAnswer>("/v1/batch", {
				method: "POST",
				body: JSON.stringify({ ...rest, batch: events }),
				headers: basic(key),
			}),
		/** Asks the profile API. */
		get: <T>(path: string) => call<T>(path, { headers: secret }),
		/** Asks the profile API to do something. */
		act: <T>(method: string, path: string, body?: unknown) =>
			call<T>(path, { method, headers: secret, ...(body === undefined ? {} : { body: JSON.stringify(body) }) }),
		async profile(ref: string): Promise<Profile | null> {
			const { status, body } = await call<Profile>(`/v1/profiles/${ref}`, { headers: secret });
			return status === 200 ? body : null;
		},
		async events(ref: string): Promise<JsonObject[]> {
			const path = `/v1/profiles/${ref}/events?limit=1000&order=asc`;
			return (await call<Page<JsonObject>>(path, { headers: secret })).body.data;
		},
		/** Changes a source's options, and makes them hold at once. */
		async setOptions(id: string, options: JsonObject): Promise<void> {
			const source = (await collector.store.listSources()).find((candidate) => candidate.id === id) as Source;
			await collector.store.putSource({ ...source, options });
			await collector.reload();
		},
		async stop(): Promise<void> {
			collector.refuseEvents();
			await listening.stop(1_000);
			await collector.close();
			await drop();
		},
	};
}

export type TestCollector = Awaited<ReturnType<typeof startCollector>>;

export function basic(key: string): Record<string, string> {
	return { authorization: `Basic ${Buffer.from(`${key}:`).toString("base64")}` };
}

/** A valid track event, with whatever differs. */
export function track(fields: JsonObject = {}): JsonObject {
	return { type: "track", event: "Order Completed", userId: "u1", ...fields };
}
