import type { Work } from "./work.ts";

/** Remembers what was read of one commit until its reading ends: a question asks the same rows for many reasons. */
export interface OneCommit {
	/** `compute`, asked once for each key while the reading lasts. */
	once<K, V>(compute: (key: K) => Work<V>): (key: K) => Work<V>;
	/** Forgets everything: the next reading may be of another commit. */
	end(): void;
}

export function createOneCommit(): OneCommit {
	const all: Map<unknown, unknown>[] = [];
	return {
		once<K, V>(compute: (key: K) => Work<V>): (key: K) => Work<V> {
			const known = new Map<K, V>();
			all.push(known);
			return function* (key: K) {
				const found = known.get(key);
				if (found !== undefined) return found;
				const value = yield* compute(key);
				known.set(key, value);
				return value;
			};
		},
		end() {
			for (const known of all) known.clear();
		},
	};
}

/** For whoever writes between two looks, and must look again. */
export const neverOnce: Pick<OneCommit, "once"> = { once: (compute) => compute };
