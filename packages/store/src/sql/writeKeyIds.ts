import { pluck, type Work } from "./work.ts";

/** Finds the number that events keep of the write key they came in with; null for one that no source ever had. */
export function createWriteKeyIds() {
	// Numbers are given once and kept, so what was found stays true.
	const known = new Map<string, number>();
	return {
		/** What was found before; undefined: to be looked for. */
		known: (key: string | undefined): number | null | undefined => (key === undefined ? null : known.get(key)),

		*find(key: string): Work<number | null> {
			const id = yield* pluck<number>("SELECT id FROM write_keys WHERE key = ?", key);
			if (id === undefined) return null;
			known.set(key, id);
			return id;
		},
	};
}
