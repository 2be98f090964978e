/**
 * `npm run bench`: runs every `bench/*.bench.ts` of the rooms, one after the other so that they do not disturb each
 * other, each printing its figures beside its ceiling from the same run. `npm run bench -- store` runs those whose path
 * contains "store".
 */
import path from "node:path";
import process from "node:process";
import { sourceFiles } from "./checks/sourceFiles.mjs";
import { buildAll } from "./lib/buildAll.mjs";
import { PlainError, runMain } from "./lib/plainError.mjs";
import { prepareWorkspace } from "./lib/prepareWorkspace.mjs";
import { root } from "./lib/repository.mjs";
import { exitLike, runChild, stopping } from "./lib/runChild.mjs";

await runMain(async () => {
	const filters = process.argv.slice(2);
	const all = ["packages", "apps", "e2e"]
		.flatMap((folder) => sourceFiles(path.join(root, folder)))
		.map((file) => path.relative(root, file).split(path.sep).join("/"))
		.filter((file) => file.endsWith(".bench.ts"));
	if (filters.some((filter) => filter === "--help" || filter === "-h")) {
		console.log(
			`npm run bench            all benchmarks\nnpm run bench -- TEXT    those whose path contains TEXT\n\n${all.join("\n")}`,
		);
		return;
	}
	const chosen = all.filter((file) => filters.length === 0 || filters.some((filter) => file.includes(filter)));
	if (chosen.length === 0) {
		throw new PlainError(
			`No benchmark matches ${filters.join(", ") || "bench/*.bench.ts"}.`,
			all.length > 0 ? `There are:\n${all.join("\n")}` : undefined,
		);
	}
	await prepareWorkspace();
	await buildAll();
	for (const file of chosen) {
		console.log(`\n${file}`);
		const end = await runChild(process.execPath, ["--conditions=@selfsame/source", file], { cwd: root });
		if (stopping.signal || end.code !== 0) {
			if (!stopping.signal) console.error(`\n${file} failed.`);
			return exitLike(end);
		}
	}
});
