import { accessSync, constants, existsSync } from "node:fs";
import { statfs } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { type Config, parseConfig, readConfig } from "../config.ts";
import { type Environment, readEnvironment } from "../environment.ts";
import { checkArrivals } from "./doctor/checkArrivals.ts";
import { checkKeys } from "./doctor/checkKeys.ts";
import { checkStorage } from "./doctor/checkStorage.ts";
import { type Finding, fail, ok, warn } from "./doctor/finding.ts";
import { withStore } from "./withStore.ts";

type Env = Record<string, string | undefined>;

const marks = { ok: "ok   ", warn: "warn ", fail: "FAIL " } as const;

/** Checks what goes wrong in practice, prints a line for each, and the fix beside what is not well. */
export async function doctor(env: Env): Promise<void> {
	const findings: Finding[] = [];
	const report = (...found: Finding[]) => {
		findings.push(...found);
		for (const { status, text, fix } of found) console.log(`${marks[status]}${text}${fix ? `\n     Fix: ${fix}` : ""}`);
	};
	const environment = readEnvironment(env);
	const config = environment.configFile ? readConfig(environment.configFile) : parseConfig({});
	report(
		ok(
			environment.configFile
				? `The configuration ${environment.configFile} is valid.`
				: "No configuration file; the defaults hold.",
		),
	);
	report(...(await checkDisk(environment)), checkClock(), checkReach(environment, config));
	try {
		await withStore(env, async (store) => {
			report(
				...(await checkStorage(store, environment)),
				...(await checkKeys(store)),
				...(await checkArrivals(store, environment)),
			);
		});
	} catch (error) {
		report(fail(`The database cannot be opened: ${(error as Error).message}`, "See the message; then run this again."));
	}
	const failed = findings.filter(({ status }) => status === "fail").length;
	console.log(failed === 0 ? "\nNothing stands in the way." : `\n${failed} of ${findings.length} checks failed.`);
	if (failed > 0) process.exitCode = 1;
}

const GIGABYTE = 1024 ** 3;

async function checkDisk({ databaseUrl }: Environment): Promise<Finding[]> {
	if (!databaseUrl.startsWith("file:")) return [];
	const file = resolve(databaseUrl.slice("file:".length));
	const folder = dirname(file);
	if (!existsSync(folder))
		return [warn(`The folder ${folder} does not exist yet.`, "Nothing; the first start makes it.")];
	const findings: Finding[] = [];
	try {
		accessSync(folder, constants.W_OK);
		if (existsSync(file)) accessSync(file, constants.W_OK);
		findings.push(ok(`${file} can be written.`));
	} catch {
		findings.push(
			fail(`${file} or its folder cannot be written by this user.`, `chown or chmod ${folder} for the server's user.`),
		);
	}
	const { bavail, bsize } = await statfs(folder);
	const free = bavail * bsize;
	const text = `${(free / GIGABYTE).toFixed(1)} GB are free on its disk.`;
	const fix = "Make room, or move the database: stop, copy, and start with another DATABASE_URL.";
	findings.push(free > GIGABYTE ? ok(text) : free > GIGABYTE / 10 ? warn(text, fix) : fail(text, fix));
	return findings;
}

/** This code did not exist before: a clock that shows an earlier time is wrong. */
const WRITTEN = Date.UTC(2026, 0, 1);

function checkClock(): Finding {
	const time = new Date();
	if (time.getTime() > WRITTEN) return ok(`The clock shows ${time.toISOString()}.`);
	const fix = "Set the system's clock (timedatectl set-ntp true); events would be dated wrong for ever.";
	return fail(`The clock shows ${time.toISOString()}, which is in the past.`, fix);
}

function checkReach({ host, port }: Environment, { publicUrl, trustedProxies }: Config): Finding {
	const isLocal = host === "127.0.0.1" || host === "::1" || host === "localhost";
	if (isLocal && !publicUrl) {
		const fix = "Set HOST=0.0.0.0, or put a proxy before it and set publicUrl and trustedProxies.";
		return warn(`It listens on ${host}:${port}, so only this machine can send events.`, fix);
	}
	if (publicUrl && trustedProxies.length === 0) {
		const fix = `Set trustedProxies to the proxy's addresses${isLocal ? ', such as ["127.0.0.1", "::1"]' : ""}.`;
		return warn("publicUrl speaks of a proxy, and no proxy is trusted: every visitor has the proxy's address.", fix);
	}
	return ok(`It is reached at ${publicUrl ?? `${host}:${port}`}.`);
}
