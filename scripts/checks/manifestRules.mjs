import { readFileSync } from "node:fs";
import path from "node:path";
import { filesBelow } from "./sourceFiles.mjs";

/** @typedef {import("./forbiddenGlobals.mjs").Finding} Finding */

/**
 * A registry's host, whoever runs it. Which registry to use is the machine's affair: a lockfile or a setting that
 * names one fails behind a mirror.
 */
const registryHost =
	/\b(?:registry\.[a-z0-9-]+\.[a-z]{2,}|npm\.pkg\.github\.com|npm\.jsr\.io|[a-z0-9.-]*(?:artifactory|nexus|verdaccio|npm-proxy|npmmirror)[a-z0-9-]*\.[a-z]{2,})\b/i;

/** In a lockfile any address of a tarball will do harm; in configuration, any setting of a registry. */
const lockfileAddress = /https?:\/\//i;
const registrySetting = /^\s*["']?(?:@[^:"'\s]+:)?registry["']?\s*[:=]/i;

const text = /\.(?:[cm]?[jt]sx?|json5?|jsonc|ya?ml|toml|md|sh|html|css|txt)$/;
const configuration =
	/(?:^|\/)(?:\.npmrc|\.yarnrc[^/]*|\.pnpmfile\.cjs|package\.json|pnpm-workspace\.yaml|bunfig\.toml)$/;
const lockfile = /(?:^|\/)(?:pnpm-lock\.yaml|package-lock\.json|npm-shrinkwrap\.json|yarn\.lock|bun\.lock)$/;

/**
 * The lockfile and everything written here name no package registry.
 *
 * @param {string} root
 * @returns {Finding[]}
 */
function namesNoRegistry(root) {
	const files = filesBelow(root).map((file) => path.relative(root, file).split(path.sep).join("/"));
	return files
		.filter((file) => text.test(file) || configuration.test(file) || lockfile.test(file) || file.startsWith(".ci/"))
		.flatMap((file) => {
			const patterns = [registryHost];
			if (configuration.test(file)) patterns.push(registrySetting);
			if (lockfile.test(file)) patterns.push(lockfileAddress);
			return readFileSync(path.join(root, file), "utf8")
				.split("\n")
				.flatMap((line, index) =>
					patterns.some((pattern) => pattern.test(line))
						? [{ file, line: index + 1, message: "names a package registry" }]
						: [],
				);
		});
}

/**
 * What people install with the SDK is the SDK alone. An optional peer installs nothing: it only names the version of
 * what a page has already, for an entry made for such pages.
 *
 * @param {string} root
 * @returns {Finding[]}
 */
function sdkShipsNoDependencies(root) {
	const file = "packages/sdk/package.json";
	const manifest = JSON.parse(readFileSync(path.join(root, file), "utf8"));
	const fields = ["dependencies", "optionalDependencies", "bundledDependencies", "bundleDependencies"];
	const shipped = fields.flatMap((field) => namesIn(manifest[field]).map((name) => `${field}: ${name}`));
	const required = namesIn(manifest.peerDependencies)
		.filter((name) => manifest.peerDependenciesMeta?.[name]?.optional !== true)
		.map((name) => `peerDependencies: ${name}`);
	return [...shipped, ...required].map((what) => ({
		file,
		line: 1,
		message: `the SDK ships no dependencies (${what})`,
	}));
}

/** @param {Record<string, unknown> | string[] | true | undefined} field npm lets some be a list, or `true` for all */
function namesIn(field) {
	if (field === true) return ["all"];
	return Array.isArray(field) ? field : Object.keys(field ?? {});
}

/**
 * What breaks the rules of package manifests, lockfile and configuration.
 *
 * @param {string} root the repository, or a copy of it
 * @returns {Finding[]}
 */
export function manifestRules(root) {
	return [...sdkShipsNoDependencies(root), ...namesNoRegistry(root)];
}
