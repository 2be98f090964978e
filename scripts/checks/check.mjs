/** Runs our own checks from the command line: `node scripts/checks/check.mjs rooms|manifests [root]`. */
import path from "node:path";
import process from "node:process";
import { root } from "../lib/repository.mjs";
import { manifestRules } from "./manifestRules.mjs";
import { roomRules } from "./roomRules.mjs";

/** @type {Record<string, (root: string) => import("./forbiddenGlobals.mjs").Finding[]>} */
const checks = { rooms: roomRules, manifests: manifestRules };

const [name = "", folder = root] = process.argv.slice(2);
const check = checks[name];
if (!check) {
	console.error(`No check "${name}". There are: ${Object.keys(checks).join(", ")}.`);
	process.exit(2);
}
const findings = check(path.resolve(folder));
for (const { file, line, message } of findings) console.error(`${file}:${line}  ${message}`);
process.exitCode = findings.length > 0 ? 1 : 0;
