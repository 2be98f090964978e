import { createAnswerCheck, type OpenApiDocument } from "./checkAnswer.ts";

/** One check for each collector, by its address; they all describe the same routes, but a test may change one. */
const checks = new Map<string, Promise<ReturnType<typeof createAnswerCheck>>>();

/** `fetch`, and every answer is as the collector's own description says, or the test fails. */
export async function checkedFetch(address: string, init?: RequestInit): Promise<Response> {
	const { origin, pathname, search } = new URL(address);
	const check = checks.get(origin) ?? load(origin);
	checks.set(origin, check);
	const response = await fetch(address, init);
	const contentType = response.headers.get("content-type");
	// What streams is read by the test; its status and content type can be checked before.
	const text = contentType?.match(/[/+]json\b/) ? await response.clone().text() : "";
	const body = text === "" ? (response.body && !contentType?.includes("json") ? "" : null) : JSON.parse(text);
	const { status } = response;
	(await check)({ method: init?.method ?? "GET", path: pathname + search, status, contentType, body });
	return response;
}

async function load(origin: string) {
	return createAnswerCheck((await (await fetch(`${origin}/openapi.json`)).json()) as OpenApiDocument);
}
