import type { JsonObject } from "../event.ts";
import { limits } from "../limits.ts";
import { utf8Length } from "./utf8Length.ts";

/** What stands at batch level and holds for each event. */
export interface SharedDefaults {
	context: JsonObject | undefined;
	integrations: JsonObject | undefined;
	/** The names of those that were too large to be copied into each event, and left out. */
	leftOut: string[];
}

/**
 * Takes a batch's own `context` and `integrations`, unless copying them into each of its events would make a small request a
 * large one: above 4 KiB each, or past the 4 MiB of a body in all.
 *
 * @param events how many events they are copied into.
 */
export function shareDefaults(
	context: JsonObject | undefined,
	integrations: JsonObject | undefined,
	events: number,
): SharedDefaults {
	const shared: SharedDefaults = { context: undefined, integrations: undefined, leftOut: [] };
	let left: number = limits.bodyBytes;
	for (const [name, value] of Object.entries({ context, integrations })) {
		if (value === undefined) continue;
		const size = utf8Length(JSON.stringify(value));
		if (size > limits.sharedBytes || size * events > left) shared.leftOut.push(name);
		else {
			shared[name as "context" | "integrations"] = value;
			left -= size * events;
		}
	}
	return shared;
}

/** An event with what its batch says where it says nothing itself. A field of the wrong type is for its verdict to refuse. */
export function withDefaults(raw: JsonObject, { context, integrations }: SharedDefaults): JsonObject {
	if (!context && !integrations) return raw;
	const merged = { ...raw };
	if (context && isMergeable(raw.context)) merged.context = { ...context, ...asObject(raw.context) };
	if (integrations && isMergeable(raw.integrations)) {
		merged.integrations = { ...integrations, ...asObject(raw.integrations) };
	}
	return merged;
}

function isMergeable(value: unknown): boolean {
	return value === undefined || value === null || asObject(value) !== undefined;
}

export function asObject(value: unknown): JsonObject | undefined {
	return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as JsonObject) : undefined;
}
