import type { Deps } from "../deps.ts";

/** ms. */
const EVERY = 60_000;
const DAY = 24 * 60 * 60 * 1_000;

/** Keeps the dead letter store within its count and age. @returns what stops it. */
export function trimRejected({ store, config, now, log }: Pick<Deps, "store" | "config" | "now" | "log">): () => void {
	const { maxCount, maxAgeDays } = config.rejected;
	const trim = async () => {
		const removed = await store.trimRejected({ maxCount, before: now() - maxAgeDays * DAY });
		if (removed > 0) log.info({ removed }, "rejected events trimmed");
	};
	const timer = setInterval(() => {
		trim().catch((error) => log.warn({ err: error }, "rejected events could not be trimmed"));
	}, EVERY);
	timer.unref();
	return () => clearInterval(timer);
}
