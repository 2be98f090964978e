import { Agent, request } from "node:http";
import { gzip } from "node:zlib";

/** A client under test, reduced to what the bench does with it. */
export interface Contender {
	call(i: number): void;
	/** How many events it still holds, where it says so: the load waits at 20,000. */
	pending?(): number;
	flush(): Promise<unknown>;
}

export interface Entry {
	/** What is imported, for the time and the size of it. */
	module: string;
	create(host: string): Promise<Contender>;
}

const properties = (i: number) => ({
	orderId: `o-${i}`,
	revenue: i % 100,
	currency: "EUR",
	items: [{ sku: "a", quantity: 1 }],
});
const userId = (i: number) => `user-${i % 1_000}`;
const event = "Order Completed";
/** The same size of batch for everyone, and room for everything: what is compared is the work, not the defaults. */
const BATCH = 500;
const ROOM = 1_000_000;

export const CEILING = "bare loop";

export const contenders: Record<string, Entry> = {
	[CEILING]: { module: "", create: async (host) => createBareLoop(host) },
	selfsame: {
		module: "../../dist/node/index.js",
		async create(host) {
			const { createClient } = (await import(
				"../../dist/node/index.js" as string
			)) as typeof import("../../src/node/index.ts");
			const client = createClient({ writeKey: "WK", host, maxQueueSize: ROOM });
			return {
				call: (i) => void client.track({ userId: userId(i), event, properties: properties(i) }),
				pending: () => client.size,
				flush: () => client.flush(),
			};
		},
	},
	segment: {
		module: "@segment/analytics-node",
		async create(host) {
			const { Analytics } = await import("@segment/analytics-node");
			const client = new Analytics({ writeKey: "WK", host, maxEventsInBatch: BATCH, flushInterval: 1_000 });
			return {
				call: (i) => client.track({ userId: userId(i), event, properties: properties(i) }),
				flush: () => client.closeAndFlush(),
			};
		},
	},
	rudderstack: {
		module: "@rudderstack/rudder-sdk-node",
		async create(host) {
			const { default: module } = await import("@rudderstack/rudder-sdk-node");
			const Client = ((module as { default?: unknown }).default ?? module) as new (
				key: string,
				options: object,
			) => { track(call: object): void; flush(): Promise<unknown> };
			const client = new Client("WK", {
				dataPlaneUrl: host,
				flushAt: BATCH,
				flushInterval: 1_000,
				maxInternalQueueSize: ROOM,
			});
			return {
				call: (i) => client.track({ userId: userId(i), event, properties: properties(i) }),
				flush: () => client.flush(),
			};
		},
	},
	posthog: {
		module: "posthog-node",
		async create(host) {
			const { PostHog } = await import("posthog-node");
			const client = new PostHog("WK", {
				host,
				flushAt: BATCH,
				maxQueueSize: ROOM,
				maxBatchSize: BATCH,
				flushInterval: 1_000,
			});
			return {
				call: (i) => client.capture({ distinctId: userId(i), event, properties: properties(i) }),
				flush: () => client.shutdown(60_000),
			};
		},
	},
	snowplow: {
		module: "@snowplow/node-tracker",
		async create(host) {
			const { newTracker, buildSelfDescribingEvent } = await import("@snowplow/node-tracker");
			const tracker = newTracker({ namespace: "bench", appId: "bench" }, {
				endpoint: host,
				eventMethod: "post",
				bufferSize: BATCH,
				maxPostBytes: 1_000_000,
			} as never);
			const schema = "iglu:com.acme/order_completed/jsonschema/1-0-0";
			return {
				call(i) {
					tracker.setUserId(userId(i));
					tracker.track(buildSelfDescribingEvent({ event: { schema, data: properties(i) } }));
				},
				flush: async () => tracker.flush(),
			};
		},
	},
};

/** The ceiling: serialise, gzip, keep-alive, every full batch in flight at once; no queue, no order, no retry, no promise. */
function createBareLoop(host: string): Contender {
	const agent = new Agent({ keepAlive: true });
	const flying = new Set<Promise<void>>();
	let batch: string[] = [];
	let waiting = 0;

	const post = (body: Buffer) =>
		new Promise<void>((resolve, reject) => {
			const headers = { "content-type": "application/json", "content-encoding": "gzip", "content-length": body.length };
			const sent = request(`${host}/v1/batch`, { method: "POST", agent, headers }, (response) => {
				response.resume().on("end", resolve);
			});
			sent.on("error", reject).end(body);
		});

	function send(): void {
		const text = `{"batch":[${batch.join(",")}],"sentAt":"${new Date().toISOString()}"}`;
		const count = batch.length;
		batch = [];
		const flight = new Promise<Buffer>((resolve, reject) =>
			gzip(text, { level: 1 }, (error, bytes) => (error ? reject(error) : resolve(bytes))),
		)
			.then(post)
			.finally(() => {
				flying.delete(flight);
				waiting -= count;
			});
		flying.add(flight);
	}

	return {
		call(i) {
			const call = {
				messageId: crypto.randomUUID(),
				type: "track",
				context: { library: { name: "bare", version: "1" } },
				timestamp: new Date().toISOString(),
				userId: userId(i),
				event,
				properties: properties(i),
			};
			batch.push(JSON.stringify(call));
			waiting++;
			if (batch.length === BATCH) send();
		},
		pending: () => waiting - batch.length,
		async flush() {
			if (batch.length > 0) send();
			await Promise.all(flying);
		},
	};
}
