/**
 * `npm start`: the collector with the demo shop, for a newcomer and for development.
 * Honours PORT (4600), HOST (127.0.0.1) and DATABASE_URL (file:./data/selfsame.db).
 */
import { existsSync } from "node:fs";
import path from "node:path";
import process from "node:process";
import { buildAll } from "./lib/buildAll.mjs";
import { claimPort } from "./lib/claimPort.mjs";
import { devKeys } from "./lib/devKeys.mjs";
import { PlainError, runMain } from "./lib/plainError.mjs";
import { prepareWorkspace } from "./lib/prepareWorkspace.mjs";
import { root } from "./lib/repository.mjs";
import { exitLike, runChild, stopping } from "./lib/runChild.mjs";

const entry = path.join(root, "apps/demo/dist/dev.js");

await runMain(async () => {
	// An empty variable, as some process managers pass it, means "not set".
	const host = process.env.HOST || "127.0.0.1";
	const port = process.env.PORT || "4600";
	await claimPort(host, port);
	const keysFile = path.join(root, "data", "dev-keys.json");
	const keys = devKeys(keysFile);

	await prepareWorkspace();
	if (stopping.signal) return exitLike({ code: null, signal: stopping.signal });
	await buildAll();
	if (stopping.signal) return exitLike({ code: null, signal: stopping.signal });
	if (!existsSync(entry))
		throw new PlainError(`${entry} is missing after the build.`, "Run `npm run build` and look at its output.");

	const end = await runChild(process.execPath, ["--enable-source-maps", entry, ...process.argv.slice(2)], {
		cwd: root,
		env: {
			...process.env,
			HOST: host,
			PORT: port,
			DATABASE_URL: process.env.DATABASE_URL || "file:./data/selfsame.db",
			SELFSAME_DEV_KEYS: keysFile,
			SELFSAME_WRITE_KEY: keys.serverWriteKey,
			SELFSAME_API_KEY: keys.apiKey,
		},
	});
	exitLike(end);
});
