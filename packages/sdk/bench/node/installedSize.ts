import { readdirSync, readFileSync, realpathSync, statSync } from "node:fs";
import { dirname, join } from "node:path";

/** Bytes of a package and of everything it depends on, and how many packages that is. */
export function installedSize(name: string, from: string): { bytes: number; packages: number } {
	const seen = new Map<string, number>();
	const visit = (wanted: string, at: string) => {
		const dir = find(wanted, at);
		if (!dir || seen.has(dir)) return;
		seen.set(dir, sizeOf(dir));
		const { dependencies = {} } = JSON.parse(readFileSync(join(dir, "package.json"), "utf8")) as {
			dependencies?: Record<string, string>;
		};
		for (const dependency of Object.keys(dependencies)) visit(dependency, dir);
	};
	visit(name, from);
	return { bytes: [...seen.values()].reduce((a, b) => a + b, 0), packages: seen.size };
}

function find(name: string, at: string): string | undefined {
	for (let dir = at; dir !== dirname(dir); dir = dirname(dir)) {
		const path = join(dir, "node_modules", name);
		if (statSync(path, { throwIfNoEntry: false })) return realpathSync(path);
	}
	return undefined;
}

export function sizeOf(dir: string): number {
	let sum = 0;
	for (const entry of readdirSync(dir, { withFileTypes: true })) {
		if (entry.name === "node_modules") continue;
		const path = join(dir, entry.name);
		if (entry.isDirectory()) sum += sizeOf(path);
		else if (entry.isFile()) sum += statSync(path).size;
	}
	return sum;
}
