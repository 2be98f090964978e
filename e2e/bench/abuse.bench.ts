import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { attacks } from "../support/abuse/attacks.ts";
import { createHonestSender } from "../support/abuse/createHonestSender.ts";
import { peakMemory } from "../support/peakMemory.ts";
import { startCollector } from "../support/startCollector.ts";

/**
 * An honest sender beside each attack from its own address, on a server of its own for each: how many events it stores of
 * those that it stores alone in the same run (at least 0.8), how long the slowest hundredth takes (less than 500 ms), and
 * the most memory that the server has had.
 *
 * Four connections each want to send an event every 20 ms. The attack runs in a process of its own. `SELFSAME_BENCH_SECONDS`
 * (4) says how long.
 */
const seconds = Number(process.env.SELFSAME_BENCH_SECONDS ?? 4);
const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

const [, , attackName, attackedPort] = process.argv;
if (attackName !== undefined) {
	attacks.find(({ name }) => name === attackName)?.start(Number(attackedPort));
	process.once("disconnect", () => process.exit());
} else await measureAll();

async function measureAll(): Promise<void> {
	console.log(
		`${"attack".padEnd(42)}${"rate".padStart(8)}${"p99".padStart(10)}${"refused".padStart(9)}${"memory".padStart(10)}`,
	);
	for (const { name } of attacks) {
		const collector = await startCollector({ env: { LOG_LEVEL: "error" } });
		try {
			const port = Number(new URL(collector.url).port);
			await load(port, collector.writeKey, "warm");
			const alone = await load(port, collector.writeKey, "alone");
			const attacker = fork(fileURLToPath(import.meta.url), [name, `${port}`]);
			await sleep(500);
			const beside = await load(port, collector.writeKey, "beside");
			attacker.disconnect();
			const ratio = beside.stored / alone.stored;
			const memory = peakMemory(collector.pid());
			const verdict = ratio >= 0.8 && beside.p99 < 500 && beside.refused === 0 && memory < 400 ? "ok" : "MISSED";
			const figures = [ratio.toFixed(2), `${Math.round(beside.p99)} ms`, `${beside.refused}`, `${memory} MiB`];
			const widths = [8, 10, 9, 10];
			console.log(
				`${name.padEnd(42)}${figures.map((text, at) => text.padStart(widths[at] as number)).join("")}  ${verdict}`,
			);
		} finally {
			await collector.close();
		}
	}
}

async function load(port: number, writeKey: string, name: string) {
	const senders = Array.from({ length: 4 }, (_, at) =>
		createHonestSender({ port, writeKey, userId: `${name} ${at}`, every: 20 }),
	);
	const running = senders.map((sender) => sender.run());
	await sleep(seconds * 1_000);
	const stored = senders.reduce((sum, { acknowledged }) => sum + acknowledged.size, 0);
	for (const sender of senders) sender.stop();
	await Promise.all(running);
	const latencies = senders.flatMap((sender) => sender.latencies).toSorted((a, b) => a - b);
	const refused = senders.reduce((sum, { refusals }) => sum + refusals.length, 0);
	return { stored, refused, p99: latencies[Math.floor(latencies.length * 0.99)] ?? 0 };
}
