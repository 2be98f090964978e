import { limits } from "@selfsame/protocol";
import { rateKeyOf } from "../auth/createProxyTrust.ts";
import type { KnownSource } from "../auth/createSourceBook.ts";
import { namesSender } from "../auth/readForwarded.ts";
import { type ReadHeader, readWriteKey } from "../auth/readWriteKey.ts";
import type { Deps } from "../deps.ts";
import { RequestError } from "../problem.ts";
import type { Loan } from "./createByteBudget.ts";
import type { Seen } from "./createObserver.ts";
import type { IngestRequest } from "./message.ts";
import { tooLarge } from "./readBody.ts";

/** Who sends a request, as far as its headers say. */
export interface Sender extends Seen {
	/** Null while only the body can say. */
	source: KnownSource | null;
	/** The write key that named the source; empty until it did. */
	key: string;
	/** Finds the source of these keys and holds the request against its rules. @throws RequestError */
	settle(keys: readonly string[]): Promise<KnownSource>;
	/** The rates that a source's events count against. */
	ratesOf(source: KnownSource): { key: string; rate: number }[];
}

/** What is known of a request by the time it fails. */
export interface Visit {
	/** It has named a source. */
	isKeyed: boolean;
}

/** A request that is read. */
interface Admitted {
	sender: Sender;
	/** Pays for its bytes. */
	loan: Loan;
	/** Bytes that its body may have, after decompression. */
	most: number;
}

/**
 * Decides by its headers whether a request is read at all: a wrong key, a foreign origin, a rate that is spent, a body
 * that is too large or one too many are refused before the first byte of the body is kept.
 */
export async function admit({ header, url, peer }: IngestRequest, deps: Deps, visit: Visit): Promise<Admitted> {
	if (deps.isStopping()) {
		const headers = { "retry-after": "1", connection: "close" };
		throw new RequestError("shutting_down", "This server is stopping. Send it again.", headers);
	}
	refuseEncoding(header("content-encoding"));
	const declared = Number(header("content-length") ?? 0);
	if (!(declared <= limits.bodyBytes)) throw tooLarge(declared);
	const sender = createSender(deps, header, peer, visit);
	const keys = readWriteKey(header, () => keyInAddress(url));
	if (keys.length > 0) sender.source = await sender.settle(keys);
	const most = sender.source ? limits.bodyBytes : limits.unkeyedBodyBytes;
	if (declared > most) throw tooLarge(declared, most);
	return { sender, loan: deps.budget.open(sender.source !== null), most };
}

function createSender(deps: Deps, header: ReadHeader, peer: string | undefined, visit: Visit): Sender {
	if (namesSender(header) && !deps.proxies.isTrusted(peer)) deps.metrics.countUntrustedForward();
	return {
		source: null,
		key: "",
		// Few sources want it, and it costs more than the rest of this. A method, since an object literal with an accessor
		// gets a shape of its own from V8 each time, and the shapes keep whole requests alive until a major collection.
		address() {
			return deps.proxies.clientAddress(peer, header);
		},
		userAgent: header("user-agent"),
		async settle(keys) {
			const found = await deps.sources.find(keys);
			if (!found) {
				const detail = "This write key belongs to no source here. `selfsame sources list` shows those there are.";
				throw deps.keyWatch.refuse("write", this.address(), detail);
			}
			visit.isKeyed = true;
			this.key = found.key;
			refuseOrigin(found.source, header("origin"));
			refuseRate(deps, this.ratesOf(found.source));
			return found.source;
		},
		ratesOf({ id, options: { rateLimit } }) {
			const rates = [];
			if (rateLimit?.perKey) rates.push({ key: `key ${id} ${this.key}`, rate: rateLimit.perKey });
			const address = rateLimit?.perAddress ? this.address() : undefined;
			if (rateLimit?.perAddress && address) {
				rates.push({ key: `address ${id} ${rateKeyOf(address)}`, rate: rateLimit.perAddress });
			}
			return rates;
		},
	};
}

function keyInAddress(url: string): string | null {
	const query = url.indexOf("?");
	return query < 0 ? null : new URLSearchParams(url.slice(query)).get("writeKey");
}

/** @throws RequestError for what is neither plain nor gzip. */
export function refuseEncoding(encoding: string | undefined): void {
	if (encoding === undefined || /^\s*(identity|(x-)?gzip)?\s*$/i.test(encoding)) return;
	throw new RequestError("unsupported_encoding", "Send the body plain or gzip.");
}

function refuseOrigin(source: KnownSource, origin: string | undefined): void {
	const allowed = source.options.allowedOrigins;
	if (!allowed || origin === undefined || allowed.includes(origin)) return;
	const detail = `Source "${source.id}" takes no events from pages of this origin. Add it to its allowedOrigins.`;
	throw new RequestError("origin_not_allowed", detail);
}

function refuseRate({ rates }: Deps, limited: { key: string; rate: number }[]): void {
	const wait = Math.max(0, ...limited.map(({ key, rate }) => rates.wait(key, rate)));
	if (wait === 0) return;
	const headers = { "retry-after": String(wait) };
	throw new RequestError("rate_limited", "This sender is past its rate. Wait as Retry-After says.", headers);
}
