import type { HttpBindings } from "@hono/node-server";
import { limits } from "@selfsame/protocol";
import { cleanText } from "@selfsame/protocol/schema";
import type { Context } from "hono";
import { z } from "zod";
import { refuseEncoding } from "../ingest/admit.ts";
import { createByteBudget } from "../ingest/createByteBudget.ts";
import { inflate, isGzip, readIncoming, readStream } from "../ingest/readBody.ts";
import { RequestError } from "../problem.ts";

/** A secret key vouches for the body, and few hold one. */
const unbounded = createByteBudget(Number.POSITIVE_INFINITY);

/** Names are kept cleaned, so they are asked for cleaned: a lone surrogate is no text that could be looked up. */
const clean = (_: string, value: unknown) => (typeof value === "string" ? cleanText(value) : value);

/** Reads and checks a JSON body of the profile API, plain or gzip; what is wrong is named by its path. */
export async function readJson<T>(c: Context, schema: z.ZodType<T>): Promise<T> {
	const text = await readText(c);
	let value: unknown;
	try {
		value = text === "" ? {} : JSON.parse(text, clean);
	} catch (error) {
		// The parser's own message quotes the body, which may hold personal data.
		const isDeep = error instanceof RangeError;
		throw new RequestError("invalid_json", isDeep ? "The body nests too deep." : "The body is not valid JSON.");
	}
	const parsed = schema.safeParse(value);
	if (parsed.success) return parsed.data;
	throw new RequestError("invalid_request", z.prettifyError(parsed.error).replaceAll(/\s*\n\s*/g, " "));
}

async function readText(c: Context): Promise<string> {
	refuseEncoding(c.req.header("content-encoding"));
	const { incoming } = (c.env ?? {}) as Partial<HttpBindings>;
	// Off the socket, which goes on reading what was refused: else the connection's next request would wait behind it.
	const options = { loan: unbounded.open(true), most: limits.bodyBytes };
	const bytes = await (incoming ? readIncoming(incoming, options) : readStream(c.req.raw.body, options));
	const text = (isGzip(bytes) ? await inflate(bytes) : bytes).toString("utf8");
	return text.charCodeAt(0) === 0xfeff ? text.slice(1) : text;
}
