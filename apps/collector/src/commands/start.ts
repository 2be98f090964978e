import { checkGivenKeys } from "../auth/checkGivenKeys.ts";
import { parseConfig, readConfig } from "../config.ts";
import { type Collector, createCollector } from "../createCollector.ts";
import { type Environment, readEnvironment } from "../environment.ts";
import { type Listening, listen } from "../listen.ts";
import { boundHeap } from "../operations/boundHeap.ts";
import { createLog } from "../operations/createLog.ts";
import { keepKeys } from "./keepKeys.ts";

/** ms within which a stopping server is gone, whatever its clients do. */
const STOP_WITHIN = 9_000;

/** Runs the server until it is told to stop. */
export async function start(env: Record<string, string | undefined>): Promise<void> {
	const environment = readEnvironment(env);
	const config = environment.configFile ? readConfig(environment.configFile) : parseConfig({});
	const { databaseUrl, writeKey, apiKey } = environment;
	for (const warning of checkGivenKeys(environment)) console.warn(warning);
	const log = createLog(environment.logLevel);
	const collector = await createCollector({
		databaseUrl,
		config,
		keys: { writeKey, apiKey },
		log,
		relieve: boundHeap(),
	});
	let listening: Listening;
	try {
		listening = await listen(collector, environment);
	} catch (error) {
		await collector.close();
		throw explain(error, environment);
	}
	greet(listening, collector, databaseUrl);
	stopOnSignal(listening, collector);
}

function greet({ url }: Listening, { keys }: Collector, databaseUrl: string): void {
	const isNew = (name: (typeof keys.generated)[number]) => keys.generated.includes(name);
	// It stands in pages, where everybody reads it.
	if (isNew("webWriteKey")) console.log(`Write key of the source "web" (for pages): ${keys.webWriteKey}`);
	if (process.stdout.isTTY) {
		if (isNew("writeKey"))
			console.log(`Write key of the source "server" (for backends; keep it secret): ${keys.writeKey}`);
		if (isNew("apiKey")) console.log(`Secret key for the profile API, shown this once: ${keys.apiKey}`);
	} else {
		const secrets = {
			...(isNew("writeKey") ? { SELFSAME_WRITE_KEY: keys.writeKey } : {}),
			...(isNew("apiKey") && keys.apiKey !== null ? { SELFSAME_API_KEY: keys.apiKey } : {}),
		};
		if (Object.keys(secrets).length > 0) keep(secrets, databaseUrl);
	}
	// Last, so that whoever waits for this line has read the keys.
	console.log(`Selfsame listens on ${url}`);
}

function keep(secrets: Record<string, string>, databaseUrl: string): void {
	const names = Object.keys(secrets).join(" and ");
	try {
		console.log(`${names}: made, and kept in a file that only its owner can read: ${keepKeys(secrets, databaseUrl)}`);
	} catch (error) {
		const others = "Make others: `selfsame keys create NAME --scopes admin`, `selfsame sources add-key server`.";
		console.error(`${names}: made, and could not be kept in a file: ${(error as Error).message}. ${others}`);
	}
}

function stopOnSignal(listening: Listening, collector: Collector): void {
	let stopping = false;
	const stop = async (signal: string) => {
		// A second signal means now.
		if (stopping) process.exit(130);
		stopping = true;
		console.log(`${signal}: answering what is under way, then stopping`);
		const overdue = setTimeout(() => process.exit(1), STOP_WITHIN);
		overdue.unref();
		collector.refuseEvents();
		await listening.stop();
		await collector.close();
		process.exit(0);
	};
	process.on("SIGTERM", stop);
	process.on("SIGINT", stop);
}

function explain(error: unknown, { port, host }: Environment): unknown {
	const { code } = error as NodeJS.ErrnoException;
	if (code === "EADDRINUSE") return new Error(`Port ${port} is taken. Stop what uses it, or set PORT to another.`);
	if (code === "EACCES") return new Error(`Port ${port} may not be used by this user. Set PORT to one above 1023.`);
	if (code === "EADDRNOTAVAIL" || code === "ENOTFOUND" || code === "EAI_AGAIN")
		return new Error(`HOST ${host} is no address of this machine. Use 127.0.0.1 or 0.0.0.0.`);
	return error;
}
