import { spawn } from "node:child_process";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createHostileClient } from "../support/abuse/askHostile.ts";
import { createHonestSender } from "../support/abuse/createHonestSender.ts";
import { createHostile } from "../support/abuse/createHostile.ts";
import { builtEntry } from "../support/builtEntry.ts";
import { knowsMemory, peakMemory } from "../support/peakMemory.ts";
import { createRandom, testScale } from "../support/random.ts";
import { type RunningCollector, startCollector } from "../support/startCollector.ts";

const requests = Math.round(20_000 * testScale());
const clients = 48;
const maxResident = 400;

let collector: RunningCollector;
beforeAll(async () => {
	collector = await startCollector({ env: { LOG_LEVEL: "error" } });
});
afterAll(() => collector?.close());

/** Opens a stream or an export and reads nothing of it. */
function leaveUnread(path: string): Socket {
	const socket = connect(Number(new URL(collector.url).port), "127.0.0.1").on("error", () => {});
	socket.write(`GET ${path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${collector.secretKey}\r\n\r\n`);
	return socket.pause();
}

async function verify(): Promise<{ code: number; output: string }> {
	const child = spawn(process.execPath, [builtEntry("apps/collector/dist/cli.js"), "verify"], {
		env: { PATH: process.env.PATH, DATABASE_URL: `file:${join(collector.directory, "selfsame.db")}` },
	});
	let output = "";
	for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => (output += chunk));
	const [code] = await once(child, "close");
	return { code, output };
}

test(
	`${requests} hostile requests over every route, beside unread streams: no 5xx but 503, and no neighbour is lost or doubled`,
	async () => {
		const random = createRandom("hostile requests");
		const port = Number(new URL(collector.url).port);
		const { writeKey, secretKey } = collector;
		const openApi = await (await fetch(`${collector.url}/openapi.json`)).json();
		const next = createHostile(random, { openApi, writeKey, secretKey });
		// Linux answers on all of 127/8, so that each has an address of its own as on the internet.
		const addressOf = () =>
			process.platform === "linux" ? `127.${random.between(1, 250)}.${random.between(0, 255)}.1` : "127.0.0.1";

		const unread = [
			...Array.from({ length: 100 }, () => leaveUnread("/v1/events/stream?lastEventId=0.0")),
			...Array.from({ length: 2 }, () => leaveUnread("/v1/export/events")),
		];
		const senders = Array.from({ length: 4 }, (_, at) =>
			createHonestSender({ port, writeKey, userId: `honest ${at}`, every: 20, keyIn: at < 3 ? "header" : "body" }),
		);
		const sending = senders.map((sender) => sender.run());

		const statuses = new Map<number, number>();
		let left = requests;
		const ask = async () => {
			const send = createHostileClient(port, addressOf);
			while (left-- > 0) {
				const request = next();
				const status = await send(request);
				statuses.set(status, (statuses.get(status) ?? 0) + 1);
				if (status >= 500 && status !== 503) expect.fail(`${status} to ${request.bytes.toString("latin1", 0, 2_000)}`);
			}
		};
		await Promise.all(Array.from({ length: clients }, ask));
		for (const sender of senders) sender.stop();
		await Promise.all(sending);
		for (const socket of unread) socket.destroy();

		const told = [...statuses].sort(([a], [b]) => a - b).map(([status, count]) => `${count} x ${status}`);
		console.log(`answers: ${told.join(", ")}`);
		for (const { userId, acknowledged, refusals } of senders) {
			const stored = (await collector.profiles.events(`user_id:${userId}`)).map(({ messageId }) => messageId);
			expect(stored.toSorted()).toEqual([...acknowledged].toSorted());
			if (userId !== "honest 3") expect(refusals).toEqual([]);
		}
		if (knowsMemory) {
			const peak = peakMemory(collector.pid());
			console.log(`${peak} MiB at the most`);
			expect(peak).toBeLessThan(maxResident);
		}
		expect(await collector.stop()).toBe(0);
		expect(await verify()).toMatchObject({ code: 0 });
	},
	180_000 * Math.max(1, testScale()),
);
