import type { Dialect } from "./dialect.ts";
import { run, type Work } from "./work.ts";

export type CounterName = "events" | "duplicates" | "rejected" | "unattributed" | "suppressed" | "erased";

/** Counts that are kept with the commit that makes them true. */
export function createCounters({ counterKey }: Dialect) {
	const put = `INSERT INTO counters (name, value) VALUES (?, ?)
		ON CONFLICT (${counterKey}) DO UPDATE SET value = counters.value + excluded.value`;
	const pending = new Map<CounterName, number>();
	return {
		add(name: CounterName, by: number): void {
			if (by !== 0) pending.set(name, (pending.get(name) ?? 0) + by);
		},
		/** Writes what was added, inside the caller's transaction. */
		*flush(): Work<void> {
			for (const [name, by] of pending) yield* run(put, name, by);
			pending.clear();
		},
		/** Forgets what was added, after a rollback. */
		forget(): void {
			pending.clear();
		},
	};
}

export type Counters = ReturnType<typeof createCounters>;
