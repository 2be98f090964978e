import { createRequire } from "node:module";

const load = createRequire("/");

/** Loads a module of Node when it is first needed: `http` and `crypto` together cost more than all of this package. */
export const builtin = {
	crypto: () => load("node:crypto") as typeof import("node:crypto"),
	http: () => load("node:http") as typeof import("node:http"),
	https: () => load("node:https") as typeof import("node:https"),
	zlib: () => load("node:zlib") as typeof import("node:zlib"),
};
