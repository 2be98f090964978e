import type { Deps } from "../deps.ts";

/** ms. */
const EVERY = 60_000;
const DAY = 24 * 60 * 60 * 1_000;

/** Keeps the dead letter store within its count and age. @returns what stops it. */
export function trimRejected({
	store,
	config,
	now,
	steadyNow,
	log,
}: Pick<Deps, "store" | "config" | "now" | "steadyNow" | "log">): () => void {
	const { maxCount, maxAgeDays } = config.rejected;
	const trim = async () => {
		// The earlier of two clocks: none that was set, before the start or since, makes letters of today look a year old.
		const removed = await store.trimRejected({ maxCount, before: Math.min(now(), steadyNow()) - maxAgeDays * DAY });
		if (removed > 0) log.info({ removed }, "rejected events trimmed");
	};
	const timer = setInterval(() => {
		trim().catch((error) => log.warn({ err: error }, "rejected events could not be trimmed"));
	}, EVERY);
	timer.unref();
	return () => clearInterval(timer);
}
