import { type IngestAnswer, limits } from "@selfsame/protocol";
import {
	type BatchSetting,
	type ParsedBatch,
	type ParsedBody,
	parseBatch,
	parseBody,
	parseSingle,
	type RefusedBody,
	tooManyElements,
} from "@selfsame/protocol/schema";
import { StorageUnavailableError } from "@selfsame/store";
import type { KnownSource } from "../auth/createSourceBook.ts";
import { withoutSecret } from "../auth/readWriteKey.ts";
import type { Deps } from "../deps.ts";
import { RequestError } from "../problem.ts";
import { cors, corsFor } from "../routes/cors.ts";
import type { Shape } from "../routes/ingestPaths.ts";
import { nextRequestId } from "../routes/requestId.ts";
import { admit, type Sender, type Visit } from "./admit.ts";
import { createObserver } from "./createObserver.ts";
import { ingestBatch } from "./ingestBatch.ts";
import type { IngestRequest, IngestResponse } from "./message.ts";
import { proveIdentities } from "./proveIdentities.ts";
import { inflate, isGzip, overloaded } from "./readBody.ts";
import { refreshCookies } from "./refreshCookies.ts";
import { warnOfBlocked } from "./warnOfBlocked.ts";

/** Answers one ingest request: 200 once everything that it acknowledges is on disk. Never rejects. */
export async function receive(request: IngestRequest, deps: Deps, shape: Shape): Promise<IngestResponse> {
	const requestId = nextRequestId();
	const { header } = request;
	const visit: Visit = { isKeyed: false };
	try {
		const { answer, cookies } = await ingest(request, deps, shape, visit);
		const origin = header("origin");
		const allowed = origin === undefined ? cors : await corsFor(origin, deps.sources);
		const headers = {
			"content-type": "application/json",
			"cache-control": "no-store",
			"x-request-id": requestId,
			...allowed,
		};
		const body = JSON.stringify(answer);
		return { status: 200, headers: cookies.length === 0 ? headers : { ...headers, "set-cookie": cookies }, body };
	} catch (error) {
		const refusal = toRequestError(error);
		if (!visit.isKeyed) await deps.keyWatch.holdUp(deps.proxies.clientAddress(request.peer, header));
		deps.metrics.countRefused(refusal.code);
		if (refusal.code === "internal_error") deps.log.error({ requestId, err: error }, "ingest failed");
		else deps.log.debug({ requestId, code: refusal.code }, "ingest refused");
		const allowed = await corsFor(header("origin"), deps.sources).catch(() => cors);
		return refusal.describe({ "x-request-id": requestId, ...allowed });
	}
}

async function ingest(
	request: IngestRequest,
	deps: Deps,
	shape: Shape,
	visit: Visit,
): Promise<{ answer: IngestAnswer; cookies: readonly string[] }> {
	const admitted = await admit(request, deps, visit);
	const { sender, loan } = admitted;
	try {
		const { parsed, source, receivedAt } = await read(request, deps, shape, admitted);
		spend(deps, source, sender, parsed.size);
		const cookies = refreshCookies(request.header, source.options.serverCookie, parsed.events);
		warnOfBlocked(parsed, deps.isBlocked);
		const unproven = await proveIdentities(parsed, source, deps.verifier);
		deps.metrics.countUnproven(source.id, source.options.identityVerification ?? "off", unproven);
		const answer = await ingestBatch(parsed, { source: source.id, receivedAt, queue: deps.queue });
		count(deps, source.id, answer);
		return { answer, cookies };
	} finally {
		loan.end();
	}
}

/** Apart from what follows it, so that the body and its parsed form are gone while the commit is waited for. */
async function read(
	request: IngestRequest,
	deps: Deps,
	shape: Shape,
	{ sender, loan, most }: Awaited<ReturnType<typeof admit>>,
) {
	const bytes = await request.readBody({ loan, most });
	if (sender.source) request.vouch();
	const receivedAt = deps.now();
	const plain = isGzip(bytes) ? await inflate(bytes, most) : bytes;
	if (!loan.growTo(plain.length)) throw overloaded();
	const body = parseBody(plain, decode);
	if ("code" in body) throw refused(body);
	const source = sender.source ?? (await settleSource(sender, body));
	if (!sender.source) {
		request.vouch();
		loan.vouch();
	}
	const parsed = parse(body, shape, source, { deps, sender, receivedAt });
	// What a small body becomes takes the memory of a large one until it is stored.
	if (!loan.growTo(parsed.stored)) throw overloaded();
	return { parsed, source, receivedAt };
}

const refused = ({ code, detail }: RefusedBody) => new RequestError(code, detail);

function decode(bytes: Uint8Array): string {
	return (Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)).toString(
		"utf8",
	);
}

/** The source that the headers named, else the one that the body names. */
async function settleSource(sender: Sender, body: ParsedBody): Promise<KnownSource> {
	if (sender.source) return sender.source;
	const key = body.value.writeKey;
	if (typeof key !== "string" || key === "") {
		const detail = "No write key: send it as the user name of Basic authentication, as X-Write-Key, or in the body.";
		throw new RequestError("invalid_key", detail);
	}
	return sender.settle(withoutSecret(key));
}

function parse(
	body: ParsedBody,
	shape: Shape,
	source: KnownSource,
	{ deps, sender, receivedAt }: { deps: Deps; sender: Sender; receivedAt: number },
): ParsedBatch {
	const observe = createObserver(source, sender);
	const setting: BatchSetting = {
		source: source.id,
		trust: source.trust,
		writeKey: sender.key,
		receivedAt,
		futureSkew: deps.config.futureSkewSeconds * 1_000,
		newId: deps.newId,
		...(observe ? { observe } : {}),
	};
	if (shape !== "batch") return parseSingle(body, shape === "any" ? setting : { ...setting, type: shape });
	return parseBatch(body, readElements(body), setting);
}

function readElements({ value: { batch } }: ParsedBody): unknown[] {
	if (!Array.isArray(batch)) throw new RequestError("invalid_json", "The body needs `batch`, an array of events.");
	if (batch.length > limits.batchElements) throw refused(tooManyElements(batch.length));
	return batch;
}

function spend({ rates }: Deps, source: KnownSource, sender: Sender, events: number): void {
	for (const { key, rate } of sender.ratesOf(source)) rates.spend(key, rate, events);
}

function count({ metrics }: Deps, source: string, answer: IngestAnswer): void {
	metrics.countEvents(source, "accepted", answer.accepted);
	metrics.countEvents(source, "duplicate", answer.duplicates);
	metrics.countEvents(source, "dropped", answer.dropped);
	metrics.countEvents(source, "rejected", answer.rejected.length);
}

function toRequestError(error: unknown): RequestError {
	if (error instanceof RequestError) return error;
	if (error instanceof StorageUnavailableError) {
		const detail = "Nothing of this request was acknowledged. Send it again; `GET /ready` says what is wrong.";
		return new RequestError("storage_unavailable", detail, { "retry-after": "5" });
	}
	return new RequestError("internal_error", "This is a fault of the collector. Send it again later.");
}
