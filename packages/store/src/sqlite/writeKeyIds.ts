import type { SqliteDatabase } from "./openDatabase.ts";

/** Finds the number that events keep of the write key they came in with; null for one that no source ever had. */
export function createWriteKeyIds(database: SqliteDatabase): (key: string | undefined) => number | null {
	const find = database.prepare("SELECT id FROM write_keys WHERE key = ?").pluck();
	// Numbers are given once and kept, so what was found stays true.
	const known = new Map<string, number>();
	return (key) => {
		if (key === undefined) return null;
		const id = known.get(key) ?? (find.get(key) as number | undefined);
		if (id === undefined) return null;
		known.set(key, id);
		return id;
	};
}
