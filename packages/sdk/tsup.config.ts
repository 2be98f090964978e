import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { brotliCompressSync, gzipSync } from "node:zlib";
import { defineConfig, type Options } from "tsup";

const entriesOf = (...names: string[]) =>
	Object.fromEntries(names.filter((name) => existsSync(`src/${name}.ts`)).map((name) => [name, `src/${name}.ts`]));

const library: Options = {
	entry: entriesOf("browser/index", "browser/autocapture/index", "react/index"),
	format: ["esm", "cjs"],
	target: "es2022",
	platform: "neutral",
	external: [/^node:/, "react"],
	// The wire types are not published by themselves.
	dts: { resolve: ["@selfsame/protocol"] },
	splitting: true,
	// No rollup pass: it would lose React's "use client".
	treeshake: false,
	// All but what the other build makes at the same time.
	clean: ["!selfsame.js", "!stub.js", "!node/**", "!edge/**", "!hono.*", "!express.*", "!profiles/**"],
};

/** One file an entry: every further file is another read when a server starts, and the size at the edge is a promise. */
const servers: Options = {
	...library,
	entry: entriesOf("node/index", "edge/index", "hono", "express", "profiles/index"),
	splitting: false,
	treeshake: true,
	minify: true,
	clean: false,
};

/** What a script tag loads. Terser, because the size is a promise and esbuild leaves a tenth of it. */
const script: Options = {
	entry: { selfsame: "src/browser/script.ts", stub: "src/browser/stub.js" },
	format: ["iife"],
	target: "es2021",
	platform: "browser",
	minify: "terser",
	terserOptions: {
		compress: { passes: 4, unsafe_arrows: true, unsafe_methods: true, pure_getters: true },
		ecma: 2020,
		toplevel: true,
	},
	outExtension: () => ({ js: ".js" }),
	clean: false,
	onSuccess: async () => {
		for (const name of ["selfsame.js", "stub.js"]) {
			const bytes = readFileSync(`dist/${name}`);
			const hash = createHash("sha384").update(bytes).digest("base64");
			const sizes = `${gzipSync(bytes, { level: 9 }).length} B gzip, ${brotliCompressSync(bytes).length} B brotli`;
			console.log(`${name}: ${bytes.length} B, ${sizes}, integrity="sha384-${hash}"`);
		}
	},
};

export default defineConfig([library, servers, script]);
