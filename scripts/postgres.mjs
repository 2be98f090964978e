import { execFile, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { chownSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { Client } from "pg";
import { PlainError } from "./lib/plainError.mjs";
import { findPostgres } from "./lib/postgres/findPostgres.mjs";
import { watchOver } from "./lib/postgres/watchOver.mjs";

const run = promisify(execFile);

/** Without these a commit does not wait for the disk, which only tests of durability need. */
const careless = ["-c", "fsync=off", "-c", "synchronous_commit=off", "-c", "full_page_writes=off"];

/**
 * Starts a PostgreSQL of one's own in a temporary directory, on a free port of this machine alone. It is gone with the
 * process that started it, however that ends.
 *
 * Its collation is that of a language, as most servers' are, so that what forgets to ask for the order of bytes is seen.
 *
 * @param {{ isDurable: boolean, settings?: Record<string, string> }} options
 */
export async function startPostgres({ isDurable, settings = {} }) {
	const directory = mkdtempSync(path.join(tmpdir(), "selfsame-postgres-"));
	const guard = watchOver(directory);
	try {
		return await startIn(directory, { isDurable, settings, guard });
	} catch (error) {
		await guard.release();
		throw error;
	}
}

/**
 * @param {string} directory
 * @param {{ isDurable: boolean, settings: Record<string, string>, guard: ReturnType<typeof watchOver> }} options
 */
async function startIn(directory, { isDurable, settings, guard }) {
	const { initdb, postgres, user } = findPostgres(directory);
	if (user) chownSync(directory, user.uid, user.gid);
	const data = path.join(directory, "data");
	const password = randomBytes(12).toString("hex");
	await initialise();
	const port = await findPort();
	const flags = [
		...["-D", data, "-p", `${port}`, "-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories="],
		...["-c", "max_connections=300", "-c", "timezone=UTC"],
		...(isDurable ? [] : careless),
		...Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`]),
	];
	let server = await start();

	async function initialise() {
		const passwordFile = path.join(directory, "password");
		writeFileSync(passwordFile, `${password}\n`, { mode: 0o600 });
		if (user) chownSync(passwordFile, user.uid, user.gid);
		const locale = ["--encoding=UTF8", "--locale=C", "--locale-provider=icu", "--icu-locale=en"];
		const access = ["--username=selfsame", "--auth=password", `--pwfile=${passwordFile}`];
		try {
			await run(initdb, ["-D", data, ...access, ...locale, "--no-sync"], { ...user, cwd: "/" });
		} catch (error) {
			throw explain("could not make its data directory", /** @type {Error & { stderr?: string }} */ (error).stderr);
		}
		rmSync(passwordFile);
	}

	async function start() {
		const child = spawn(postgres, flags, { ...user, cwd: "/", stdio: ["ignore", "ignore", "pipe"], detached: true });
		const ended = once(child, "exit");
		let log = "";
		const ready = new Promise((resolve) => {
			child.stderr.setEncoding("utf8").on("data", (text) => {
				log = (log + text).slice(-20_000);
				if (text.includes("ready to accept connections")) resolve(true);
			});
		});
		child.unref();
		if (!(await Promise.race([ready, ended.then(() => false)]))) throw explain("did not start", log);
		return { child, ended };
	}

	/** @param {NodeJS.Signals} signal */
	async function end(signal) {
		server.child.ref();
		server.child.kill(signal);
		await server.ended;
	}

	const url = `postgres://selfsame:${password}@127.0.0.1:${port}/postgres`;
	const connect = async () => {
		const client = new Client({ connectionString: url });
		client.on("error", () => {});
		await client.connect();
		return client;
	};

	return {
		url,
		/** Asks on a connection of its own. @param {string} sql */
		async query(sql) {
			const client = await connect();
			try {
				return (await client.query(sql)).rows;
			} finally {
				await client.end();
			}
		},
		/** Runs statements in a transaction that stays open. @param {string} sql @returns what ends it. */
		async hold(sql) {
			const client = await connect();
			await client.query(`BEGIN; ${sql}`);
			return () => client.end();
		},
		/** Starts it again on the same data and port, after `crash` or `shutDown`. */
		async start() {
			server = await start();
		},
		/** Ends it in order, cutting its connections, with its data kept. */
		shutDown: () => end("SIGINT"),
		/** `kill -9`, all its processes: what it had not synced itself is the operating system's to lose. */
		crash: () => end("SIGKILL"),
		/** Ends it for good. */
		async stop() {
			await end("SIGQUIT");
			await guard.release();
		},
	};
}

/**
 * @param {string} what
 * @param {string | undefined} log
 */
function explain(what, log) {
	const last = (log ?? "").trim().split("\n").slice(-5).join("\n");
	return new PlainError(
		`The PostgreSQL of the tests ${what}:\n${last}`,
		"Test against a server of your own: TEST_DATABASE_URL=postgres://USER:PASSWORD@HOST/DATABASE",
	);
}

async function findPort() {
	const server = createServer().listen(0, "127.0.0.1");
	await once(server, "listening");
	const { port } = /** @type {import("node:net").AddressInfo} */ (server.address());
	server.close();
	await once(server, "close");
	return port;
}
