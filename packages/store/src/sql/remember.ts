import type { Work } from "./work.ts";

/**
 * Remembers what `compute` said for the keys asked for last, so that memory is bounded whatever is asked.
 *
 * @param most how many answers at the most.
 */
export function remember<K, V>(compute: (key: K) => Work<V>, most: number): (key: K) => Work<V> {
	// A Map keeps the order of insertion: its first is what was put in longest ago.
	const known = new Map<K, V>();
	return function* (key) {
		if (known.has(key)) return known.get(key) as V;
		const value = yield* compute(key);
		known.set(key, value);
		if (known.size > most) known.delete(known.keys().next().value as K);
		return value;
	};
}
