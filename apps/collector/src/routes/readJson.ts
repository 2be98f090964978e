import { cleanText } from "@selfsame/protocol/schema";
import type { Context } from "hono";
import { z } from "zod";
import { readStream } from "../ingest/readBody.ts";
import { RequestError } from "../problem.ts";

/** Names are kept cleaned, so they are asked for cleaned: a lone surrogate is no text that could be looked up. */
const clean = (_: string, value: unknown) => (typeof value === "string" ? cleanText(value) : value);

/** Reads and checks a JSON body of the profile API; what is wrong is named by its path. */
export async function readJson<T>(c: Context, schema: z.ZodType<T>): Promise<T> {
	const text = (await readStream(c.req.raw.body)).toString("utf8");
	let value: unknown;
	try {
		value = text === "" ? {} : JSON.parse(text, clean);
	} catch {
		throw new RequestError("invalid_json", "The body is not valid JSON.");
	}
	const parsed = schema.safeParse(value);
	if (parsed.success) return parsed.data;
	throw new RequestError("invalid_request", z.prettifyError(parsed.error).replaceAll(/\s*\n\s*/g, " "));
}
