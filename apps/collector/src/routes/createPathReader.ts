import { getPath } from "hono/utils/url";
import type { Config } from "../config.ts";
import { ingestPaths } from "./ingestPaths.ts";

/** Finds the path that is meant behind what hosts with a slash at their end, and proxies, make of it. */
export interface PathReader {
	/** The path of a request's target as it stands in its first line: `/v1/batch?x`, or `http://host/v1/batch`. */
	ofTarget(target: string): string;
	/** The same of a request, as Hono routes by it. */
	ofRequest(request: Request): string;
}

/** What browsers and other people's clients ask for, besides the ingest paths, and probes. */
const plainPaths = new Set([
	...ingestPaths.map(({ path }) => path),
	...["/v1/m", "/sourceConfig", "/selfsame.js", "/health", "/ready", "/metrics"],
]);
const withNames = [/^\/v1\/projects\/[^/]+\/settings$/, /^\/selfsame-[^/]+\.js$/];

/**
 * In the open paths, slashes twice and at the end count once and not at all, and what is percent-encoded is what it
 * stands for: a 404 there makes clients drop their events for good. Elsewhere a path holds references, in which a slash
 * may be meant; there only those at the beginning are counted once. The path of `publicUrl` is taken off where a proxy did
 * not.
 */
export function createPathReader({ publicUrl }: Pick<Config, "publicUrl">): PathReader {
	const base = publicUrl ? withoutEnd(new URL(publicUrl).pathname) : "";

	function read(path: string): string {
		const whole = `/${withoutStart(path)}`;
		const known = findOpen(whole);
		if (known !== null || base === "" || !`${whole}/`.startsWith(`${base}/`)) return known ?? whole;
		const below = `/${withoutStart(whole.slice(base.length))}`;
		// A proxy takes `/v1` off that is ours as well: what is left of that is not asked for in another way.
		return findOpen(below) ?? (base.startsWith("/v1") ? whole : below);
	}

	return {
		ofTarget: (target) => read(target.replace(/^https?:\/\/[^/?#]*/i, "").replace(/[?#].*$/s, "")),
		ofRequest(request) {
			const path = getPath(request);
			// Nearly all are as they are meant, and cost no more than this.
			return plainPaths.has(path) || (base === "" && !/\/\/|.\/$|%/.test(path)) ? path : read(path);
		},
	};
}

/** The open path that this one means; null where it means none. */
function findOpen(path: string): string | null {
	const single = withoutEnd(path.replace(/\/{2,}/g, "/"));
	const plain = withoutEnd(decode(path).replace(/\/{2,}/g, "/"));
	if (plainPaths.has(plain)) return plain;
	// A key in a path is decoded by whoever reads it.
	return withNames.some((form) => form.test(single)) ? single : null;
}

function withoutStart(path: string): string {
	let start = 0;
	while (path[start] === "/") start++;
	return path.slice(start);
}

/** Slashes at the end are taken off one by one: an expression for them takes time quadratic in their number. */
function withoutEnd(path: string): string {
	let end = path.length;
	while (end > 0 && path[end - 1] === "/") end--;
	return path.slice(0, end);
}

function decode(path: string): string {
	try {
		return decodeURIComponent(path);
	} catch {
		return path;
	}
}
