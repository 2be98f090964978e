import { createClientOver } from "../../src/server/client.ts";
import { importEvents } from "../../src/server/importEvents.ts";
import type { Answer, BatchRequest } from "../../src/server/ports.ts";
import { readOptions } from "../../src/server/readOptions.ts";
import type { ClientOptions } from "../../src/server/types.ts";

export interface Sent {
	messageId: string;
	userId: string;
	[key: string]: unknown;
}

/** A clock that stands until it is told to go, and timers on it. */
export function createFakeClock(start = Date.UTC(2026, 0, 1)) {
	let now = start;
	let timers: { at: number; run: () => void }[] = [];
	const settle = () => new Promise<void>((resolve) => setImmediate(resolve));
	return {
		now: () => now,
		schedule(run: () => void, ms: number) {
			const timer = { at: now + ms, run };
			timers.push(timer);
			return () => {
				timers = timers.filter((it) => it !== timer);
			};
		},
		sleep(ms: number) {
			return new Promise<void>((resolve) => this.schedule(resolve, ms));
		},
		/** Goes on to the next timer, until `done`; nothing left to wait for is an error. */
		async runUntil(done: () => boolean): Promise<void> {
			for (let i = 0; i < 100_000; i++) {
				for (let j = 0; j < 3; j++) await settle();
				if (done()) return;
				const next = timers.reduce((a, b) => (b.at < a.at ? b : a), timers[0] ?? { at: -1, run: () => {} });
				if (next.at < 0) throw new Error("nothing left to wait for");
				timers = timers.filter((it) => it !== next);
				now = Math.max(now, next.at);
				next.run();
			}
			throw new Error("the clock ran for ever");
		},
	};
}

export type FakeClock = ReturnType<typeof createFakeClock>;

/** The engine over a fake clock and a transport that gets the parsed body. */
export function createFakeClient(
	options: Partial<ClientOptions>,
	clock: FakeClock,
	send: (batch: Sent[], request: BatchRequest) => Promise<Answer>,
	random: () => number = () => 0.5,
	warn: (message: string) => void = () => {},
	elapsed: () => number = clock.now,
) {
	let uuids = 0;
	return createClientOver(readOptions({ writeKey: "WK", ...options }), {
		now: clock.now,
		elapsed,
		warn,
		random,
		schedule: clock.schedule,
		soon: queueMicrotask,
		bytes: {
			allocate: (size) => Buffer.alloc(size),
			write: (target, text, offset) => (target as Buffer).write(text, offset),
			byteLength: (text) => Buffer.byteLength(text),
			text: (data) => Buffer.from(data).toString(),
		},
		send: async (request) =>
			send((JSON.parse(Buffer.from(request.body).toString()) as { batch: Sent[] }).batch, request),
		randomUuid: () => `00000000-0000-4000-8000-${(uuids++).toString(16).padStart(12, "0")}`,
		importer: (events, given, into) => importEvents(events, given, { ...into, digest: (text) => text }),
		context: { library: { name: "test", version: "0" } },
		holdOpen: (promise) => promise,
	});
}

/** The collector's answer to a batch it took. */
export function taken(batch: Sent[], rejected: { index: number; code: string }[] = []): Answer {
	const text = JSON.stringify({
		success: true,
		accepted: batch.length - rejected.length,
		duplicates: 0,
		dropped: 0,
		rejected,
		warnings: [],
	});
	return { status: 200, contentType: "application/json", text };
}
