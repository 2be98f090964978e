import process from "node:process";
import {
	boundHeap,
	type Collector,
	createCollector,
	isOwnHost,
	type Listening,
	listen,
	parseConfig,
	readConfig,
	readEnvironment,
} from "@selfsame/collector";
import { describeStart } from "./describeStart.ts";
import { readDevKeys } from "./readDevKeys.ts";
import { createVisitorReader } from "./readVisitor.ts";
import { shopRoutes } from "./shopRoutes.ts";

/** The collector with the shop at `/demo`: what `npm start` runs. */
async function startDev(env: NodeJS.ProcessEnv): Promise<void> {
	const keys = readDevKeys(env.SELFSAME_DEV_KEYS);
	const { databaseUrl, configFile, host, port } = readEnvironment(env);
	const config = configFile ? readConfig(configFile) : parseConfig({});
	const collector = await createCollector({
		databaseUrl,
		config,
		keys: { writeKey: keys.serverWriteKey, webWriteKey: keys.webWriteKey, apiKey: keys.apiKey },
		relieve: boundHeap(),
	});
	const readVisitor = createVisitorReader({
		request: (path, init) => collector.app.request(path, init),
		secretKey: keys.apiKey,
	});
	const isOwn = (host: string) => isOwnHost(host, config.publicUrl);
	collector.app.route("/demo", shopRoutes({ writeKey: keys.webWriteKey, readVisitor, isOwnHost: isOwn }));
	let listening: Listening;
	try {
		listening = await listen(collector, { host, port });
	} catch (error) {
		await collector.close();
		throw error;
	}
	stopOnSignal(listening, collector);
	// An address that means "all of this machine" is none that a browser opens.
	console.log(describeStart(listening.url.replace(/\/\/(0\.0\.0\.0|\[::\]):/, "//127.0.0.1:"), keys));
}

function stopOnSignal(listening: Listening, collector: Collector): void {
	let stopping = false;
	const stop = async () => {
		if (stopping) process.exit(130);
		stopping = true;
		await listening.stop();
		await collector.close();
		process.exit(0);
	};
	process.on("SIGTERM", stop);
	process.on("SIGINT", stop);
}

try {
	await startDev(process.env);
} catch (error) {
	console.error(error instanceof Error ? error.message : error);
	process.exit(1);
}
