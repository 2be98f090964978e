import type { RateLimiter } from "../ingest/createRateLimiter.ts";
import type { Log } from "../operations/createLog.ts";
import type { Metrics } from "../operations/createMetrics.ts";
import { RequestError } from "../problem.ts";
import { rateKeyOf } from "./createProxyTrust.ts";

/** Notes keys that were refused, and slows down whoever tries many. */
export interface KeyWatch {
	/**
	 * What a request with a wrong key, or without one, is answered. Asked only once the key is known to be wrong: an honest
	 * sender at the same address is never slowed down by those who guess.
	 *
	 * @param kind of the key that was needed. @param address the sender's.
	 */
	refuse(kind: "write" | "secret", address: string | undefined, detail: string): RequestError;
	/**
	 * Spreads over time what is answered to requests without a valid key from one address: undefined within its rate, else
	 * it resolves when this one is due, after a second at the most. Honest keys never come here.
	 */
	holdUp(address: string | undefined): Promise<void> | undefined;
	/** Notes a secret key that lacks a scope. */
	forbid(): void;
	/** Writes down what was noted last. */
	close(): void;
}

/** Wrong keys a second that one address may try before it is told to wait; a hundred may come at once. */
const GUESSES = 10;
/** Requests a second without a valid key that one address is answered; ten seconds' worth may come together. */
const STRANGERS = 200;
/** Seconds that those past it wait for their answer at the most. */
const HELD_UP = 1;
/** ms. The first refusal is told at once, and those within this time after it together: no flood of them fills the log. */
const TELL_EVERY = 60_000;

export function createKeyWatch({
	rates,
	metrics,
	log,
}: {
	rates: RateLimiter;
	metrics: Pick<Metrics, "countKeyRefused">;
	log: Pick<Log, "warn">;
}): KeyWatch {
	const none = { wrongWriteKeys: 0, wrongSecretKeys: 0, missingScopes: 0, slowedDown: 0 };
	let noted = { ...none };
	let timer: NodeJS.Timeout | null = null;

	function note(...what: (keyof typeof none)[]): void {
		for (const name of what) noted[name]++;
		if (timer) return;
		tell();
		timer = setTimeout(tellRest, TELL_EVERY).unref();
	}

	/** Counts alone: a refused key may be a slip in another one, and an address is somebody's. */
	function tell(): void {
		const known = Object.entries(noted).filter(([, count]) => count > 0);
		noted = { ...none };
		if (known.length > 0) log.warn(Object.fromEntries(known), "keys were refused");
	}

	/** Whoever goes on is told of a minute later again. */
	function tellRest(): void {
		const isMore = Object.values(noted).some((count) => count > 0);
		tell();
		timer = isMore ? setTimeout(tellRest, TELL_EVERY).unref() : null;
	}

	return {
		refuse(kind, address, detail) {
			const bucket = `guesses ${address === undefined ? "" : rateKeyOf(address)}`;
			const wait = rates.wait(bucket, GUESSES);
			const wrong = kind === "write" ? "wrongWriteKeys" : "wrongSecretKeys";
			note(wrong, ...(wait > 0 ? (["slowedDown"] as const) : []));
			if (wait > 0) {
				metrics.countKeyRefused(kind, "rate_limited");
				const why =
					"Too many wrong keys came from this address. Wait as Retry-After says, or send a key that is known.";
				return new RequestError("rate_limited", why, { "retry-after": String(wait) });
			}
			rates.spend(bucket, GUESSES, 1);
			metrics.countKeyRefused(kind, "invalid_key");
			return new RequestError("invalid_key", detail);
		},
		holdUp(address) {
			const late = rates.queue(`strangers ${address === undefined ? "" : rateKeyOf(address)}`, STRANGERS, HELD_UP);
			return late > 0 ? new Promise((resolve) => setTimeout(resolve, late * 1_000)) : undefined;
		},
		forbid() {
			note("missingScopes");
			metrics.countKeyRefused("secret", "missing_scope");
		},
		close() {
			if (timer) clearTimeout(timer);
			tell();
		},
	};
}
