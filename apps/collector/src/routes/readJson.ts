import type { HttpBindings } from "@hono/node-server";
import { cleanText } from "@selfsame/protocol/schema";
import type { Context } from "hono";
import { z } from "zod";
import { refuseEncoding } from "../ingest/admit.ts";
import { inflate, isGzip, readIncoming, readStream } from "../ingest/readBody.ts";
import { RequestError } from "../problem.ts";

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
	const bytes = await (incoming ? readIncoming(incoming, () => true) : readStream(c.req.raw.body));
	const text = (isGzip(bytes) ? await inflate(bytes) : bytes).toString("utf8");
	return text.charCodeAt(0) === 0xfeff ? text.slice(1) : text;
}
