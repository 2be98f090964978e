import type { IncomingMessage } from "node:http";
import type { HttpBindings } from "@hono/node-server";
import { type EventType, type IngestAnswer, limits } from "@selfsame/protocol";
import { type ParsedBody, parseBatch, parseBody, parseSingle } from "@selfsame/protocol/schema";
import { StorageUnavailableError } from "@selfsame/store";
import type { Context } from "hono";
import type { KnownSource } from "../auth/createSourceBook.ts";
import { readWriteKey, withoutSecret } from "../auth/readWriteKey.ts";
import type { Deps } from "../deps.ts";
import { problem, RequestError } from "../problem.ts";
import { cors } from "../routes/cors.ts";
import { ingestBatch } from "./ingestBatch.ts";
import { inflate, readIncoming, readStream, tooLarge } from "./readBody.ts";

/** What a path takes: a batch, one event of a type, or one event that says its type itself. */
export type Shape = "batch" | "any" | EventType;

type IngestContext = Context<{ Bindings: HttpBindings }>;

/** A body whose length nobody said is expected to have this many bytes. */
const UNDECLARED = 64 * 1024;
/** ms that a body may take to arrive. */
const BODY_DEADLINE = 15_000;

/** Answers one ingest request: 200 once everything that it acknowledges is on disk. */
export async function receive(c: IngestContext, deps: Deps, shape: Shape): Promise<Response> {
	try {
		return answerJson(await ingest(c, deps, shape));
	} catch (error) {
		return withCors(toProblem(error));
	}
}

async function ingest(c: IngestContext, deps: Deps, shape: Shape): Promise<IngestAnswer> {
	if (deps.isStopping()) throw new RequestError("shutting_down", "Send it again to another server.", retryAfter(1));
	const incoming: IncomingMessage | undefined = c.env?.incoming;
	const header = (name: string) => (incoming ? readHeader(incoming, name) : c.req.header(name));
	const keys = readWriteKey(header, () => readQuery(c));
	let source = keys.length > 0 ? await findSource(deps, keys) : null;
	const reserved = reserve(deps, header);
	try {
		const bytes = incoming ? await readIncoming(incoming, BODY_DEADLINE) : await readStream(c.req.raw.body);
		const receivedAt = deps.now();
		const body = parseBody(await inflate(bytes), decode);
		if (typeof body === "string") throw new RequestError("invalid_json", body);
		source ??= await findSourceInBody(deps, body);
		refuseForeignOrigin(source, header("origin"));
		const setting = {
			source: source.id,
			trust: source.trust,
			receivedAt,
			futureSkew: deps.config.futureSkewSeconds * 1_000,
			newId: deps.newId,
		};
		const parsed =
			shape === "batch"
				? parseBatch(body, readElements(body), setting)
				: parseSingle(body, shape === "any" ? setting : { ...setting, type: shape });
		return await ingestBatch(parsed, { source: source.id, receivedAt, queue: deps.queue });
	} finally {
		deps.budget.give(reserved);
	}
}

function decode(bytes: Uint8Array): string {
	return (Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)).toString(
		"utf8",
	);
}

function readHeader(incoming: IncomingMessage, name: string): string | undefined {
	const value = incoming.headers[name];
	return Array.isArray(value) ? value[0] : value;
}

function readQuery(c: IngestContext): string | null {
	return c.req.url.includes("?") ? (c.req.query("writeKey") ?? null) : null;
}

async function findSource(deps: Deps, keys: readonly string[]): Promise<KnownSource> {
	const found = await deps.sources.find(keys);
	if (found) return found.source;
	throw new RequestError(
		"invalid_key",
		"This write key belongs to no source here. Look it up with `selfsame sources`.",
	);
}

async function findSourceInBody(deps: Deps, body: ParsedBody): Promise<KnownSource> {
	const key = body.value.writeKey;
	if (typeof key === "string" && key !== "") return findSource(deps, withoutSecret(key));
	const detail = "No write key: send it as the user name of Basic authentication, as X-Write-Key, or in the body.";
	throw new RequestError("invalid_key", detail);
}

/** Takes the request's bytes from the budget before any of them is read, or refuses it. */
function reserve(deps: Deps, header: (name: string) => string | undefined): number {
	const encoding = header("content-encoding")?.trim().toLowerCase() ?? "";
	if (encoding !== "" && encoding !== "identity" && encoding !== "gzip" && encoding !== "x-gzip") {
		throw new RequestError("unsupported_encoding", "Send the body plain or gzip.", { connection: "close" });
	}
	const declared = Number(header("content-length") ?? UNDECLARED);
	if (declared > limits.bodyBytes) throw tooLarge();
	if (deps.budget.take(declared)) return declared;
	throw new RequestError("overloaded", "Too much is in flight. Send it again a little later.", {
		...retryAfter(1),
		connection: "close",
	});
}

function refuseForeignOrigin(source: KnownSource, origin: string | undefined): void {
	const allowed = source.options.allowedOrigins;
	if (!allowed || origin === undefined || allowed.includes(origin)) return;
	const detail = `Source "${source.id}" does not take events from pages of this origin. Add it to its allowedOrigins.`;
	throw new RequestError("origin_not_allowed", detail);
}

function readElements(body: ParsedBody): unknown[] {
	if (Array.isArray(body.value.batch)) return body.value.batch;
	throw new RequestError("invalid_json", "The body needs `batch`, an array of events.");
}

function retryAfter(seconds: number): Record<string, string> {
	return { "retry-after": String(seconds) };
}

function answerJson(answer: IngestAnswer): Response {
	return new Response(JSON.stringify(answer), { headers: { "content-type": "application/json", ...cors } });
}

function toProblem(error: unknown): Response {
	if (error instanceof RequestError) return error.toResponse();
	if (error instanceof StorageUnavailableError) {
		const detail = "Nothing of this request was stored. Send it again; `GET /ready` says what is wrong.";
		return problem("storage_unavailable", detail, retryAfter(5));
	}
	throw error;
}

function withCors(response: Response): Response {
	for (const [name, value] of Object.entries(cors)) response.headers.set(name, value);
	return response;
}
