import { closeSync, mkdirSync, openSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { sqliteFile } from "@selfsame/store";

/** A few starts without a workspace may leave some behind; more is a mistake. */
const MAX_FILES = 100;

/**
 * Writes secrets that were generated into a new file beside the database (with PostgreSQL: in `./data`) that only its owner
 * can read, since what a server prints ends up in logs that others read and keep.
 *
 * @param secrets by the name of the variable that takes each.
 * @returns the file's path.
 */
export function keepKeys(secrets: Record<string, string>, databaseUrl: string): string {
	const folder = databaseUrl.startsWith("file:") ? dirname(resolve(sqliteFile(databaseUrl))) : resolve("data");
	mkdirSync(folder, { recursive: true, mode: 0o700 });
	const lines = Object.entries(secrets).map(([name, secret]) => `${name}=${secret}\n`);
	const { file, handle } = openNew(folder);
	try {
		writeFileSync(handle, lines.join(""));
	} finally {
		closeSync(handle);
	}
	return file;
}

/** Nothing that is there is written over or followed elsewhere. */
function openNew(folder: string): { file: string; handle: number } {
	for (let at = 1; ; at++) {
		const file = join(folder, `generated-keys${at === 1 ? "" : `-${at}`}.env`);
		try {
			return { file, handle: openSync(file, "wx", 0o600) };
		} catch (error) {
			if ((error as NodeJS.ErrnoException).code !== "EEXIST" || at >= MAX_FILES) throw error;
		}
	}
}
