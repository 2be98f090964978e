import { randomBytes } from "node:crypto";
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { PlainError } from "./plainError.mjs";

/**
 * @typedef {object} DevKeys
 * @property {string} webWriteKey of the `web` source: public, it stands in the shop's pages
 * @property {string} serverWriteKey of the `server` source: secret, its events are believed
 * @property {string} apiKey secret, opens the profile API
 */

/** @type {Record<keyof DevKeys, string>} */
const prefixes = { webWriteKey: "ssw_", serverWriteKey: "ssw_", apiKey: "sss_" };
/** @type {Record<keyof DevKeys, string>} those of files that were made before */
const formerPrefixes = { webWriteKey: "wk_", serverWriteKey: "wk_", apiKey: "sk_" };

/**
 * The keys of `npm start`, kept in a file that only its owner can read (made with random keys if absent), so that a
 * script tag copied today works tomorrow.
 *
 * @param {string} file
 * @returns {DevKeys}
 * @throws {PlainError} when the file is there and holds something else
 */
export function devKeys(file) {
	if (!existsSync(file)) {
		mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 });
		const fresh = Object.fromEntries(
			Object.entries(prefixes).map(([name, prefix]) => [name, prefix + randomBytes(24).toString("base64url")]),
		);
		// `wx`: two starts at once must not each believe in keys of their own.
		writeFileSync(file, `${JSON.stringify(fresh, null, "\t")}\n`, { mode: 0o600, flag: "wx" });
	}
	chmodSync(file, 0o600);
	return parse(file);
}

/** @param {string} file */
function parse(file) {
	try {
		const keys = JSON.parse(readFileSync(file, "utf8"));
		const isWhole = (/** @type {Record<keyof DevKeys, string>} */ known) =>
			Object.entries(known).every(([name, prefix]) => typeof keys[name] === "string" && keys[name].startsWith(prefix));
		if (isWhole(prefixes) || isWhole(formerPrefixes)) return keys;
	} catch {
		// Said below: broken JSON and missing keys have the same remedy.
	}
	throw new PlainError(
		`${file} does not hold the three keys of this workspace.`,
		`Move it away and start again: new keys will be made (expected: ${Object.keys(prefixes).join(", ")}).`,
	);
}
