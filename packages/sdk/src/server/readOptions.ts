import { nearest } from "./nearest.ts";
import type { ClientOptions } from "./types.ts";

const NO_END = Number.POSITIVE_INFINITY;
const DEFAULT_HOST = "http://127.0.0.1:4600";
/** The collector takes no larger event and no longer batch (docs/decisions/wire-contract.md). */
export const EVENT_BYTES = 128 * 1024;
const BATCH_EVENTS = 2_500;
/** A batch leaves at this size: well below what proxies refuse, and large enough to compress well. */
const BATCH_BYTES = 450_000;

const KNOWN = [
	...["writeKey", "host", "flushAt", "flushInterval", "maxQueueSize", "maxQueueBytes", "overflow", "maxRetries"],
	...["timeout", "gzip", "enabled", "trustProxy", "debug"],
];

/** A warning for each option that no client has, with the one that was probably meant. `more`: the runtime's own. */
export function unknownOptions(options: object, more: readonly string[]): string[] {
	const known = [...KNOWN, ...more];
	return Object.keys(options)
		.filter((name) => !known.includes(name))
		.map((name) => {
			const meant = nearest(name, known);
			return `createClient knows no option '${name.slice(0, 64)}'${meant ? `; did you mean '${meant}'?` : ""}`;
		});
}

/** Checks the options of a client and fills in the defaults. Throws a TypeError that says what to do. */
export function readOptions(options: ClientOptions, spoolBytes?: number) {
	if (typeof options !== "object" || options === null) fail("pass { writeKey, host }");
	const { writeKey, host = DEFAULT_HOST, overflow = "drop-oldest" } = options;
	if (typeof writeKey !== "string" || writeKey === "") {
		fail("writeKey is missing; it is the write key of a source of your collector");
	}
	if (writeKey.startsWith("sss_")) {
		fail("writeKey is a secret key (sss_...), which reads profiles; pass the write key of a source (ssw_...)");
	}
	if (!URL.canParse(host) || !/^https?:$/.test(new URL(host).protocol)) {
		fail(`host must be an http(s) URL, such as ${DEFAULT_HOST}`);
	}
	if (!["drop-oldest", "drop-newest", "wait"].includes(overflow)) {
		fail("overflow must be drop-oldest, drop-newest or wait");
	}
	const number = (name: keyof ClientOptions, fallback: number, least: number, most = NO_END) => {
		const value = options[name] ?? fallback;
		if (typeof value !== "number" || !(value >= least && value <= most)) {
			fail(`${name} must be a number from ${least}${most < NO_END ? ` to ${most}` : ""}`);
		}
		return value;
	};
	const url = new URL(host);
	url.pathname = `${url.pathname.replace(/\/+$/, "")}/v1/batch`;
	url.search = "";
	url.hash = "";
	return {
		writeKey,
		url: url.href,
		overflow,
		flushAt: Math.floor(number("flushAt", 500, 1, BATCH_EVENTS)),
		flushInterval: number("flushInterval", 1_000, 0, 2 ** 31 - 1),
		maxQueueSize: number("maxQueueSize", spoolBytes ? NO_END : 100_000, 1),
		maxQueueBytes: number("maxQueueBytes", spoolBytes ?? 64_000_000, 1),
		maxBatchBytes: BATCH_BYTES,
		maxRetries: number("maxRetries", NO_END, 0),
		timeout: number("timeout", 10_000, 1, 2 ** 31 - 1),
		gzip: options.gzip ?? true,
		enabled: options.enabled ?? true,
		trustProxy: options.trustProxy,
		debug: options.debug ?? false,
	};
}

function fail(message: string): never {
	throw new TypeError(`createClient: ${message}`);
}

export type ReadOptions = ReturnType<typeof readOptions>;
