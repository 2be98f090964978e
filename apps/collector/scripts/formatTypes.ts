import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../../", import.meta.url));

/** Formats TypeScript as all of this repository is, so that a generated file can be compared to the letter. */
export function formatTypes(text: string): string {
	const args = ["format", "--stdin-file-path=generated.ts"];
	return execFileSync(`${root}node_modules/.bin/biome`, args, { cwd: root, input: text, encoding: "utf8" });
}
