import type { EventInput } from "./buildEvent.ts";
import type { Delivery } from "./delivery.ts";
import { safely } from "./safely.ts";
import type { Data } from "./wireEvent.ts";

/** Called once with what became of the event. */
export type Callback = (delivery: Delivery) => void;

/** The options argument of analytics.js: known keys go onto the event, all others into its context. */
export interface CallOptions {
	context?: object;
	integrations?: Data;
	timestamp?: Date | string | number;
	messageId?: string;
	anonymousId?: string;
	userId?: string | number;
	traits?: Data;
	[context: string]: unknown;
}

type Id = string | number;
const isObject = (value: unknown) => typeof value === "object" && value !== null;

/** A copy of an object's own properties, but for those that throw when they are read. */
function ownOf(data: object): object {
	try {
		return { ...data };
	} catch {
		return Object.fromEntries(Object.keys(data).flatMap((key) => safely(() => [[key, data[key as never]]]) ?? []));
	}
}

/** These go onto the event; the rest of the options is context. */
const EVENT_KEYS = ["integrations", "timestamp", "messageId", "anonymousId", "userId"];

/**
 * Reads a call's arguments in the orders of analytics.js, where whatever comes before the first object may be left out
 * and the last function is the callback:
 * `track(event, properties?, options?, callback?)`, `identify(userId?, traits?, options?, callback?)`,
 * `page(category?, name?, properties?, options?, callback?)` (one string is the name), the same for `screen`,
 * `group(groupId?, traits?, options?, callback?)`, `alias(userId, previousId?, options?, callback?)`.
 */
export function normalizeCall(type: EventInput["type"], args: readonly unknown[]): [EventInput, Callback | undefined] {
	const isView = type === "page" || type === "screen";
	const rest = args.filter((arg) => typeof arg !== "function");
	const ids: Id[] = [];
	// `page`, `screen` and `alias` take two ids, the others one. A null holds its place: `identify(null, traits)`.
	for (let places = isView || type === "alias" ? 2 : 1; places-- && rest.length && !isObject(rest[0]); ) {
		const id = rest.shift() as Id | null | undefined;
		if (id != null) ids.push(id);
	}
	const [id, second] = ids;
	const [data, options = type === "alias" ? (data as CallOptions) : undefined] = rest as [Data?, CallOptions?];
	const body = isObject(data) && !Array.isArray(data) ? ownOf(data as object) : {};
	const input: Record<string, unknown> = { type };
	if (type === "track") {
		input.event = `${id ?? ""}`;
		input.properties = body;
	} else if (isView) {
		const names: { name?: string; category?: string } = {};
		if (id != null) names.name = `${second ?? id}`;
		if (second != null) names.category = `${id}`;
		Object.assign(input, names, { properties: { ...body, ...names } });
	} else if (type === "alias") {
		input.userId = id;
		input.previousId = second;
	} else {
		input[type === "group" ? "groupId" : "userId"] = id;
		input.traits = body;
	}
	if (options) {
		const { context, ...own }: CallOptions = options;
		for (const key of EVENT_KEYS) {
			if (own[key] != null) input[key] = own[key];
			delete own[key];
		}
		input.context = { ...own, ...context };
	}
	return [input as unknown as EventInput, args.find((arg) => typeof arg === "function") as Callback | undefined];
}
