import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

/** The root folder of the repository. */
export const root = fileURLToPath(new URL("../..", import.meta.url));

/** Where the scripts remember things between runs; removed with `node_modules`. */
const cache = path.join(root, "node_modules", ".cache", "selfsame");

/**
 * A path in the cache folder, which is made if absent.
 *
 * @param {string} name
 */
export function cachePath(name) {
	mkdirSync(cache, { recursive: true });
	return path.join(cache, name);
}

/**
 * What was remembered under a name, or `undefined`.
 *
 * @param {string} name
 */
export function recall(name) {
	const file = path.join(cache, name);
	if (!existsSync(file)) return undefined;
	try {
		return JSON.parse(readFileSync(file, "utf8"));
	} catch {
		return undefined;
	}
}

/**
 * @param {string} name
 * @param {unknown} value anything JSON holds
 */
export function remember(name, value) {
	writeFileSync(cachePath(name), JSON.stringify(value));
}

/**
 * One hash over some files' contents.
 *
 * @param {string[]} files relative to the root
 */
export function hashFiles(files) {
	const hash = createHash("sha256");
	for (const file of files)
		hash
			.update(file)
			.update("\0")
			.update(readFileSync(path.join(root, file)))
			.update("\0");
	return hash.digest("hex");
}

/**
 * A command that the workspace installed.
 *
 * @param {string} name
 */
export function bin(name) {
	return path.join(root, "node_modules", ".bin", process.platform === "win32" ? `${name}.cmd` : name);
}
