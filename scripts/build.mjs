import { buildAll } from "./lib/buildAll.mjs";
import { runMain } from "./lib/plainError.mjs";
import { prepareWorkspace } from "./lib/prepareWorkspace.mjs";

await runMain(async () => {
	await prepareWorkspace();
	await buildAll();
	console.log(
		"Built. `node apps/collector/dist/cli.js start` runs the server; `npm start` runs it with the demo shop.",
	);
});
