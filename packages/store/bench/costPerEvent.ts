import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { defaultIdentityConfig, type IdentityConfig } from "@selfsame/identity";
import { createWriter } from "../src/sqlite/writer.ts";
import { type AdversarialStream, adversarialStreams } from "./adversarialStreams.ts";

const config: IdentityConfig = {
	...defaultIdentityConfig,
	identifiers: { ...defaultIdentityConfig.identifiers, email: { priority: 2, limit: 5 } },
};

interface Cost {
	/** ms of CPU time an event. */
	mean: number;
	p99: number;
	/** How many of the stream were sent before its time was up. */
	sent: number;
}

const cpu = () => {
	const { user, system } = process.cpuUsage();
	return (user + system) / 1_000;
};

/** Sends a stream one event a commit, which is the dearest way, for at most so many ms of CPU time. */
function costOf(stream: AdversarialStream, length: number, most: number): Cost {
	const directory = mkdtempSync(join(tmpdir(), "selfsame-bench-"));
	const writer = createWriter(join(directory, "selfsame.db"), config);
	try {
		const costs: number[] = [];
		const end = cpu() + most;
		for (let index = 0; index < length && cpu() < end; index += 1) {
			const step = stream(index, length);
			const before = cpu();
			if ("event" in step) writer.ingest([step.event], []);
			else writer.correct(step.correct, { actor: "bench", reason: "bench", at: Date.UTC(2026, 0, 1) + index });
			costs.push(cpu() - before);
		}
		const sorted = costs.toSorted((a, b) => a - b);
		const mean = costs.reduce((sum, one) => sum + one, 0) / costs.length;
		return { mean, p99: sorted[Math.floor(costs.length * 0.99)] ?? Number.NaN, sent: costs.length };
	} finally {
		writer.close();
		rmSync(directory, { recursive: true, force: true });
	}
}

/**
 * CPU time an event of each adversarial stream at n and 10 n events, and its ratio to the usual stream's of the same run.
 *
 * @param n how many events the shorter run has.
 * @param most ms of CPU time that one run of a stream may take; then it is ended, and told with how many were sent.
 */
export function measureAdversarial(n: number, most: number): void {
	const lengths = [n, 10 * n];
	const usual = new Map<number, number>();
	for (const [name, stream] of Object.entries(adversarialStreams)) {
		for (const length of lengths) {
			const { mean, p99, sent } = costOf(stream, length, most);
			if (name === "usual") usual.set(length, mean);
			console.log(
				[
					name.padEnd(38),
					`${sent.toLocaleString("en")} events${sent < length ? " (time is up)" : ""}`.padEnd(28),
					`mean ${mean.toFixed(2)} ms`.padEnd(16),
					`p99 ${p99.toFixed(2)} ms`.padEnd(16),
					`${(mean / (usual.get(length) ?? Number.NaN)).toFixed(1)} times the usual`,
				].join(" "),
			);
		}
	}
}
