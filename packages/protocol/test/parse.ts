/// <reference types="node" />
import type { JsonObject } from "../src/index.ts";
import { type BatchSetting, type ParsedBatch, parseBatch, parseBody, parseSingle } from "../src/schema/index.ts";

export const receivedAt = Date.UTC(2026, 0, 31, 12);

const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

function toSetting(setting: Partial<BatchSetting> = {}): BatchSetting {
	let made = 0;
	const newId = () => `made-${made++}`;
	return { source: "web", trust: "client", receivedAt, futureSkew: 86_400_000, newId, ...setting };
}

/** Parses a body's text as the collector does; a string is what is wrong with the body. */
export function parseText(text: string | Uint8Array, setting?: Partial<BatchSetting>): ParsedBatch | string {
	const body = parseBody(typeof text === "string" ? new TextEncoder().encode(text) : text, decode);
	if ("code" in body) return body.detail;
	const { batch } = body.value;
	return Array.isArray(batch) ? parseBatch(body, batch, toSetting(setting)) : parseSingle(body, toSetting(setting));
}

export function parseEvents(events: unknown[], rest: JsonObject = {}, setting?: Partial<BatchSetting>): ParsedBatch {
	const parsed = parseText(JSON.stringify({ ...rest, batch: events }), setting);
	if (typeof parsed === "string") throw new Error(parsed);
	return parsed;
}

/** The one event of a batch of one, which must be accepted. */
export function parseOne(event: JsonObject, rest?: JsonObject, setting?: Partial<BatchSetting>) {
	const { events, rejected, warnings } = parseEvents([event], rest, setting);
	const [accepted] = events;
	if (!accepted) throw new Error(rejected[0]?.detail ?? "no verdict");
	return { ...accepted, payload: JSON.parse(accepted.payload), warnings };
}

/** The one rejection of a batch of one. */
export function parseRejected(event: unknown, setting?: Partial<BatchSetting>) {
	const { events, rejected, letters } = parseEvents([event], {}, setting);
	if (events.length > 0 || !rejected[0] || !letters[0]) throw new Error("accepted");
	return { ...rejected[0], text: letters[0].text };
}
