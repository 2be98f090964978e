import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { IdentityConfig } from "@selfsame/identity";
import type { AcceptedEvent, Identifier } from "@selfsame/protocol";
import { type Attribution, type Correction, profileIdOf } from "@selfsame/store";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { comparable } from "./comparable.ts";
import { configs } from "./configs.ts";
import { mayMerge } from "./playStream.ts";
import { createRandom } from "./random.ts";
import { readStore } from "./readStore.ts";
import { createReference, type Reference } from "./reference/createReference.ts";
import { shuffled } from "./scenarios.ts";
import { instantiate, knownGroups, knownIdentifiers, knownTraits, streams } from "./streams.ts";
import { openTempStore } from "./tempStore.ts";

/** A call of the port, numbered so that it can be acknowledged. */
export type CrashCall = { number: number } & (
	| { kind: "ingest"; events: AcceptedEvent[] }
	| { kind: "correct"; correction: Correction; by: Attribution }
	| { kind: "delete"; of: Identifier; suppress: boolean; by: Attribution }
);

const seed = Number(process.env.SELFSAME_SEED ?? Date.now() % 2 ** 31);
const rounds = Math.ceil(2 * Number(process.env.SELFSAME_TEST_SCALE ?? 1));
console.info(`crash test: SELFSAME_SEED=${seed}, ${rounds} rounds`);

/** So many streams share the database of a round, and so many processes die over it. */
const streamsOfRound = 12;
const killsOfRound = 3;
/** Ingest calls under way at once. */
const windowSize = 3;

describe("a process killed in the middle", () => {
	it.each(Array.from({ length: rounds }, (_, round) => [round]))(
		"leaves what the acknowledged calls say, and takes the rest again (round %i)",
		{ timeout: 120_000 },
		async (round) => {
			const random = createRandom(seed + round);
			const all = Object.values(configs);
			const config = all[Math.floor(random() * all.length)] as IdentityConfig;
			const { references, calls } = planRound(config, random);
			const temp = await openTempStore(config);
			await temp.store.close();
			await makeCalls(temp.url, config, calls, random);
			await temp.reopen();
			for (const [instance, reference] of references.entries()) {
				const questions = { identifiers: knownIdentifiers, groups: knownGroups, traits: knownTraits };
				const actual = await readStore(temp.store, instantiate(questions, instance));
				expect(comparable(actual, config), `stream ${instance}`).toEqual(comparable(reference.snapshot(), config));
			}
			const { duplicates: _, ...expected } = sum(references.map((reference) => reference.counts()));
			expect(await temp.store.stats()).toMatchObject(expected);
			await temp.remove();
		},
	);
});

/** Plays random streams into references, and lists the calls that would play them into a store. */
function planRound(config: IdentityConfig, random: () => number): { references: Reference[]; calls: CrashCall[] } {
	const sample = fc.sample(streams, { numRuns: streamsOfRound, seed: Math.floor(random() * 2 ** 31) });
	const calls: CrashCall[] = [];
	const add = (call: Distribute<CrashCall>) => calls.push({ ...call, number: calls.length } as CrashCall);
	const references = sample.map((stream, instance) => {
		const reference = createReference(config, { idOf: profileIdOf });
		for (const step of instantiate(stream, instance).steps) {
			if (step.kind === "events") {
				const events = shuffled(step.events, random);
				reference.receive(events);
				for (let from = 0; from < events.length; from += 3)
					add({ kind: "ingest", events: events.slice(from, from + 3) });
				continue;
			}
			// Later than every event: a deletion sent again then finds nobody, as a deletion that was acknowledged would.
			const at = step.at + 60_000;
			const by = { actor: "test", reason: "a test", at };
			if (step.kind === "delete") {
				reference.deleteProfile(step.of, { at, suppress: step.suppress });
				add({ kind: "delete", of: step.of, suppress: step.suppress, by });
			} else {
				const { correction } = step;
				if (correction.kind === "merge" && !mayMerge(reference, [correction.userId, correction.otherUserId])) continue;
				reference.correct({ ...correction, at });
				add({ kind: "correct", correction, by });
			}
		}
		return reference;
	});
	return { references, calls };
}

type Distribute<Call> = Call extends CrashCall ? Omit<Call, "number"> : never;

/** Makes every call until it is acknowledged, in a process that is killed some times on the way. */
async function makeCalls(url: string, config: IdentityConfig, calls: readonly CrashCall[], random: () => number) {
	const left = new Set(calls);
	for (let kills = 0; kills < killsOfRound && left.size > 0; kills += 1) {
		const fatal = Math.floor((random() * left.size) / (killsOfRound - kills));
		await runChild(url, config, left, { afterCalls: fatal, delay: random() * 4 });
	}
	await runChild(url, config, left, null);
	expect(left.size).toBe(0);
}

/** Runs one process until its work is done or it is killed; takes what it acknowledged out of `left`. */
async function runChild(
	url: string,
	config: IdentityConfig,
	left: Set<CrashCall>,
	kill: { afterCalls: number; delay: number } | null,
): Promise<void> {
	const script = fileURLToPath(new URL("./crashChild.ts", import.meta.url));
	const child = spawn(process.execPath, ["--conditions=@selfsame/source", script, url, JSON.stringify(config)], {
		stdio: ["pipe", "pipe", "inherit"],
	});
	const ended = new Promise((resolve) => child.once("close", resolve));
	const underWay = new Map<number, CrashCall>();
	let acknowledged = 0;
	// A killed process leaves a broken pipe; what was written into it is sent again.
	child.stdin.on("error", () => undefined);
	for await (const line of createInterface({ input: child.stdout })) {
		const call = underWay.get(Number(line));
		if (call !== undefined) {
			underWay.delete(call.number);
			left.delete(call);
			acknowledged += 1;
		}
		if (left.size === 0) child.kill("SIGKILL");
		else sendMore(child, left, underWay);
		if (kill !== null && acknowledged === kill.afterCalls) setTimeout(() => child.kill("SIGKILL"), kill.delay);
	}
	await ended;
}

/** Ingest calls go out together, an operation waits for those before it and is waited for. */
function sendMore(child: ChildProcess, left: ReadonlySet<CrashCall>, underWay: Map<number, CrashCall>): void {
	for (const call of left) {
		if (underWay.has(call.number)) {
			if (call.kind !== "ingest") return;
			continue;
		}
		if (underWay.size >= windowSize || (call.kind !== "ingest" && underWay.size > 0)) return;
		underWay.set(call.number, call);
		child.stdin?.write(`${JSON.stringify(call)}\n`);
		if (call.kind !== "ingest") return;
	}
}

function sum<T extends object>(all: readonly T[]): Record<string, number> {
	const total: Record<string, number> = {};
	for (const one of all) {
		for (const [name, value] of Object.entries(one)) total[name] = (total[name] ?? 0) + Number(value);
	}
	return total;
}
