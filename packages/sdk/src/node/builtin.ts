import { createRequire } from "node:module";

const load = createRequire("/");

/**
 * Loads a module of Node when it is first needed: importing one costs up to several ms, `http`, `crypto` and `fs` more than
 * all of this package.
 */
export const builtin = {
	asyncHooks: () => load("node:async_hooks") as typeof import("node:async_hooks"),
	crypto: () => load("node:crypto") as typeof import("node:crypto"),
	fs: () => load("node:fs") as typeof import("node:fs"),
	http: () => load("node:http") as typeof import("node:http"),
	https: () => load("node:https") as typeof import("node:https"),
	os: () => load("node:os") as typeof import("node:os"),
	path: () => load("node:path") as typeof import("node:path"),
	zlib: () => load("node:zlib") as typeof import("node:zlib"),
};
