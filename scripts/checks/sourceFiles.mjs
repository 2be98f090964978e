import { existsSync, readdirSync } from "node:fs";
import path from "node:path";

const skipped = new Set([
	"node_modules",
	"dist",
	".git",
	".turbo",
	"data",
	"coverage",
	"test-results",
	"playwright-report",
]);

/**
 * All files below a folder, as sorted paths; what git ignores is left out. An absent folder has none.
 *
 * @param {string} folder
 * @returns {string[]}
 */
export function filesBelow(folder) {
	if (!existsSync(folder)) return [];
	return readdirSync(folder, { withFileTypes: true })
		.filter((entry) => !skipped.has(entry.name))
		.flatMap((entry) => {
			const file = path.join(folder, entry.name);
			if (entry.isDirectory()) return filesBelow(file);
			return entry.isFile() ? [file] : [];
		})
		.sort();
}

/**
 * The TypeScript and JavaScript files below a folder.
 *
 * @param {string} folder
 */
export function sourceFiles(folder) {
	return filesBelow(folder).filter((file) => /\.[cm]?[jt]sx?$/.test(file));
}
