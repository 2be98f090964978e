import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import process from "node:process";
import { PlainError } from "./plainError.mjs";
import { recall, remember, root } from "./repository.mjs";

/** @typedef {{ node: string, path: string }} Toolchain the node to run, and the PATH that has it and pnpm first */

/** From here on Node runs erasable TypeScript by itself, which the benchmarks rely on. */
const oldestUsableNode = [22, 18];
const wantedNode = "24";
const windows = process.platform === "win32";

/**
 * The Node and pnpm that the workspace needs: the running ones if they will do, else those that npx fetched
 * (once: npm keeps them in its cache, and we remember where).
 *
 * @returns {Toolchain}
 */
export function findToolchain() {
	const pnpm = wantedPnpm();
	const own = { node: process.execPath, path: withFirst(path.dirname(process.execPath)) };
	if (isUsableNode() && pnpmVersion(own.path) === pnpm) return own;

	const name = `toolchain-node${wantedNode}-pnpm${pnpm}.json`;
	const known = recall(name);
	if (known && existsSync(known.node) && existsSync(path.join(known.folder, windows ? "pnpm.cmd" : "pnpm"))) {
		return { node: known.node, path: withFirst(known.folder) };
	}
	const fetched = fetchWithNpx(pnpm);
	remember(name, fetched);
	return { node: fetched.node, path: withFirst(fetched.folder) };
}

/** `package.json` is the one place that names the version of pnpm. */
function wantedPnpm() {
	const manifest = JSON.parse(readFileSync(path.join(root, "package.json"), "utf8"));
	return manifest.packageManager.split("@")[1];
}

function isUsableNode() {
	const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
	const [oldestMajor = 0, oldestMinor = 0] = oldestUsableNode;
	return major > oldestMajor || (major === oldestMajor && minor >= oldestMinor);
}

/** @param {string} searchPath */
function pnpmVersion(searchPath) {
	const asked = spawnSync("pnpm", ["--version"], {
		cwd: root,
		encoding: "utf8",
		shell: windows,
		env: { ...process.env, PATH: searchPath },
	});
	return asked.status === 0 ? asked.stdout.trim() : undefined;
}

/** @param {string} folder */
function withFirst(folder) {
	return [folder, process.env.PATH].filter(Boolean).join(path.delimiter);
}

/**
 * npx is asked only where its Node is, so that the task itself runs without npx between it and the terminal:
 * signals and exit codes pass unchanged.
 *
 * @param {string} pnpm
 */
function fetchWithNpx(pnpm) {
	console.log(
		`Bringing Node ${wantedNode} and pnpm ${pnpm} (this Node is ${process.version}); only the first time ...`,
	);
	const where = "console.log(JSON.stringify([process.execPath, process.env.PATH, process.version]))";
	const packages = ["-p", `node@${wantedNode}`, "-p", `pnpm@${pnpm}`];
	const script = windows ? `"${where}"` : where;
	const asked = spawnSync("npx", ["-y", "--prefer-offline", ...packages, "--", "node", "-e", script], {
		cwd: root,
		encoding: "utf8",
		shell: windows,
		// Warnings about engines and configuration are npm's own affair; its errors are kept for explainNpx.
		env: { ...process.env, npm_config_loglevel: "error" },
	});
	if (asked.signal) throw new PlainError(`Stopped by ${asked.signal} while fetching Node and pnpm.`);
	if (asked.error || asked.status !== 0) throw explainNpx(asked.error, `${asked.stderr ?? ""}${asked.stdout ?? ""}`);

	const [node, searchPath, version] = JSON.parse(asked.stdout.trim().split("\n").pop() ?? "[]");
	const pnpmName = windows ? "pnpm.cmd" : "pnpm";
	const folder = searchPath
		.split(path.delimiter)
		.find((/** @type {string} */ entry) => existsSync(path.join(entry, pnpmName)));
	if (!folder || !version.startsWith(`v${wantedNode}.`)) {
		throw new PlainError(
			`npx answered with Node ${version} instead of ${wantedNode}.`,
			`Install Node ${wantedNode} and pnpm ${pnpm} yourself and run the same command again.`,
		);
	}
	return { node, folder };
}

/**
 * @param {(Error & { code?: string }) | undefined} error
 * @param {string} output
 */
function explainNpx(error, output) {
	if (error?.code === "ENOENT") {
		return new PlainError(
			"npx was not found.",
			"It comes with npm: install Node 20 or newer from nodejs.org with its npm.",
		);
	}
	return explainDownload("Node and pnpm could not be fetched", output || String(error));
}

/** What a package manager's output means, most telling first. */
const reasons = [
	{
		pattern:
			/ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|EHOSTUNREACH|ERR_SOCKET_TIMEOUT|META_FETCH_FAIL|ENOTCACHED|fetch failed/,
		meaning: "the package registry cannot be reached",
		advice: "Check the network and, behind a proxy, HTTPS_PROXY; then run the same command again.",
	},
	{
		pattern: /SELF_SIGNED_CERT|UNABLE_TO_(?:VERIFY|GET_ISSUER)|CERT_HAS_EXPIRED/,
		meaning: "the registry's certificate is not trusted here",
		advice: "If your network inspects TLS, point NODE_EXTRA_CA_CERTS at its certificate.",
	},
	{ pattern: /ENOSPC/, meaning: "the disk is full", advice: "Free some space and run the same command again." },
	{
		pattern: /EACCES|EPERM|EROFS/,
		meaning: "a folder cannot be written",
		advice: "Check who owns the repository, its node_modules and ~/.npm.",
	},
	{
		pattern: /OUTDATED_LOCKFILE|LOCKFILE_CONFIG_MISMATCH/,
		meaning: "pnpm-lock.yaml does not match the package.json files",
		advice: "Run `pnpm install` and commit the lockfile with the package.json that changed.",
	},
	{
		pattern: /E40[13]|\b40[13]\b/,
		meaning: "the registry refused access",
		advice: "Check the registry and token in your ~/.npmrc.",
	},
];

/**
 * @param {string} what what failed
 * @param {string} output what the package manager printed
 */
export function explainDownload(what, output) {
	const said = output.trim().split("\n").slice(-12).join("\n");
	const reason = reasons.find(({ pattern }) => pattern.test(output));
	// The conclusion comes last: a package manager's own words are long, and what one reads is the end.
	return new PlainError(`${said}\n\n${what}${reason ? `: ${reason.meaning}` : " (see above)"}.`, reason?.advice);
}
