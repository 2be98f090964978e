import { fork } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { defaultIdentityConfig } from "@selfsame/identity";
import type { AcceptedEvent } from "@selfsame/protocol";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createEncoder } from "../src/export/createEncoder.ts";
import { createExporter } from "../src/export/createExporter.ts";
import { checkedFetch } from "./checkedFetch.ts";
import { apiKey, startCollector, type TestCollector, track } from "./startCollector.ts";

/** By how many bytes a process grows that encodes so many events as Parquet. */
async function growthOf(rows: number): Promise<number> {
	const child = fork(new URL("./encodeParquetChild.ts", import.meta.url), [`${rows}`], {
		execArgv: ["--conditions=@selfsame/source", "--max-semi-space-size=4"],
	});
	const [grown] = await once(child, "message");
	return grown as number;
}

/** 40 MB: more than sockets on both sides hold. */
const [events, bytesEach] = [5_000, 8_000];

const fat = (number: number): AcceptedEvent => ({
	source: "server",
	trust: "server",
	messageId: `m${number}`,
	type: "track",
	name: "Seen",
	timestamp: Date.UTC(2026, 0, 31),
	receivedAt: Date.UTC(2026, 0, 31),
	claims: { userId: `u${number % 100}` },
	payload: JSON.stringify({ properties: { note: `${number} `.repeat(bytesEach / `${number} `.length) } }),
});

describe("an export of much", () => {
	let collector: TestCollector;
	beforeEach(async () => {
		collector = await startCollector();
		for (let from = 0; from < events; from += 500) {
			await collector.store.ingest(Array.from({ length: 500 }, (_, index) => fat(from + index)));
		}
	});
	afterEach(() => collector.stop());

	const start = () =>
		checkedFetch(`${collector.url}/v1/export/events`, { headers: { authorization: `Bearer ${apiKey}` } });
	const body = async () => ((await start()).body as ReadableStream<Uint8Array>).getReader();
	const drain = async (reader: ReadableStreamDefaultReader<Uint8Array>) => {
		let text = "";
		for (let piece = await reader.read(); !piece.done; piece = await reader.read()) {
			text += Buffer.from(piece.value).toString("latin1");
		}
		return text;
	};

	it("is whole, and of its first moment, however slowly it is read", async () => {
		const reader = await body();
		const first = Buffer.from((await reader.read()).value as Uint8Array).toString("latin1");
		// Ingest does not wait for the one who reads.
		for (let index = 0; index < 20; index++) expect((await collector.send([track()])).body.accepted).toBe(1);
		const lines = (first + (await drain(reader))).split("\n").slice(0, -1);
		expect(lines).toHaveLength(events);
		expect(new Set(lines.map((line) => JSON.parse(line).messageId)).size).toBe(events);
	});

	it("that breaks off does not look whole", async () => {
		const reader = await body();
		await reader.read();
		await collector.close();
		await expect(drain(reader)).rejects.toThrow();
	});

	it("ends with the client, whose place others take", async () => {
		const [one, two] = [await body(), await body()];
		expect((await collector.call<string>("/metrics")).body).toContain("selfsame_exports_running 2");
		const third = await start();
		expect(third.status).toBe(429);
		expect(third.headers.get("retry-after")).toMatch(/^\d+$/);
		expect(await third.json()).toMatchObject({ code: "overloaded" });
		await one.cancel();
		const again = async () => {
			const response = await start();
			await response.body?.cancel();
			return response.status;
		};
		await expect.poll(again).toBe(200);
		await two.cancel();
	});

	it("is not begun for a HEAD", async () => {
		const headers = { authorization: `Bearer ${apiKey}` };
		for (let times = 0; times < 3; times++) {
			const response = await fetch(`${collector.url}/v1/export/events?format=csv`, { method: "HEAD", headers });
			expect(response.status).toBe(200);
			expect(response.headers.get("content-type")).toContain("text/csv");
		}
		const begun = await start();
		expect(begun.status).toBe(200);
		await begun.body?.cancel();
	});

	it("is refused by a server that is stopping", async () => {
		collector.refuseEvents();
		const refused = await start();
		expect(refused.status).toBe(503);
		expect(await refused.json()).toMatchObject({ code: "shutting_down" });
	});

	it("breaks off when nobody reads on", async () => {
		const exporter = createExporter({
			databaseUrl: collector.databaseUrl,
			identity: defaultIdentityConfig,
			patience: 100,
		});
		const stream = await exporter.start({ dataset: "events", format: "ndjson", personalTraits: null });
		const reader = stream.getReader();
		await reader.read();
		await sleep(300);
		await expect(drain(reader)).rejects.toThrow("stopped reading");
		const never = await exporter.start({ dataset: "events", format: "ndjson", personalTraits: null });
		await sleep(300);
		await expect(drain(never.getReader())).rejects.toThrow("stopped reading");
		await exporter.close();
	});

	it("says why it cannot start, and keeps no place", async () => {
		const exporter = createExporter({
			databaseUrl: collector.databaseUrl,
			identity: { ...defaultIdentityConfig, maxUsersPerAnonymousId: 3 },
		});
		for (let times = 0; times < 3; times++) {
			const what = { dataset: "profiles", format: "csv", personalTraits: null } as const;
			// Its thread may take a moment to be gone.
			const refusal = () => exporter.start(what).then(String, (error: Error) => error.message);
			await expect.poll(refusal).toMatch(/rules/);
		}
		await exporter.close();
	});
});

describe("an encoder", () => {
	const row = (seq: number, note: string) => ({
		...{ seq, profileId: "pro_1", type: "track" as const, messageId: `m${seq}`, source: "web" },
		...{ timestamp: "2026-01-31T00:00:00.000Z", receivedAt: "2026-01-31T00:00:00.000Z" },
		...{ properties: { note }, context: {} },
	});

	it.each(["ndjson", "csv", "parquet"] as const)("of %s holds no more than a row group back", (format) => {
		const encoder = createEncoder(format, "events");
		let [written, held, given] = [0, 0, 0];
		for (let page = 0; page < 200; page++) {
			// Random, so that compression does not hide it.
			const rows = Array.from({ length: 4 }, (_, index) =>
				row(page * 4 + index, randomBytes(75_000).toString("base64")),
			);
			const bytes = encoder.write(rows);
			written += 400_000;
			given += bytes.length;
			held = Math.max(held, written - given);
		}
		expect(given + encoder.end().length).toBeGreaterThan(0.7 * written);
		expect(held).toBeLessThan(10_000_000);
	});

	it("of Parquet takes no more memory for four times the rows", async () => {
		const [few, many] = [await growthOf(40_000), await growthOf(160_000)];
		console.info(`encoding Parquet: ${few >> 20} MB for 40,000 events, ${many >> 20} MB for 160,000`);
		// The rest is how late garbage is collected.
		expect(many).toBeLessThan(1.25 * few + 40 * 1024 * 1024);
	}, 60_000);
});
