import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** The path of something the build made, such as `apps/collector/dist/cli.js`. */
export function builtEntry(path: string): string {
	const file = fileURLToPath(new URL(`../../${path}`, import.meta.url));
	if (!existsSync(file)) throw new Error(`${path} is not there: run \`npm run build\` first.`);
	return file;
}
