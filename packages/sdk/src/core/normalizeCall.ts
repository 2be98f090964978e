import type { EventInput } from "./buildEvent.ts";
import type { Delivery } from "./delivery.ts";
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
const isId = (value: unknown): value is Id => typeof value === "string" || typeof value === "number";

function applyOptions(input: EventInput, options: CallOptions | null | undefined): EventInput {
	if (!options) return input;
	const { context, integrations, timestamp, messageId, anonymousId, userId, traits, ...rest } = options;
	const known = { integrations, timestamp, messageId, anonymousId, userId };
	for (const [key, value] of Object.entries(known)) if (value != null) Object.assign(input, { [key]: value });
	input.context = { ...rest, ...(traits && { traits }), ...context };
	return input;
}

/**
 * Reads a call's arguments in the orders of analytics.js, where whatever comes before the first object may be left out
 * and the last function is the callback:
 * `track(event, properties?, options?, callback?)`, `identify(userId?, traits?, options?, callback?)`,
 * `page(category?, name?, properties?, options?, callback?)` (one string is the name), the same for `screen`,
 * `group(groupId?, traits?, options?, callback?)`, `alias(userId, previousId?, options?, callback?)`.
 */
export function normalizeCall(type: EventInput["type"], args: readonly unknown[]): [EventInput, Callback | undefined] {
	const callback = args.find((arg) => typeof arg === "function") as Callback | undefined;
	const rest = args.filter((arg) => typeof arg !== "function");
	const ids: Id[] = [];
	// `page` and `alias` take two ids, the others one. A null holds its place: `identify(null, traits)`.
	const places = type === "page" || type === "screen" || type === "alias" ? 2 : 1;
	for (let i = 0; i < places && rest.length && (rest[0] == null || isId(rest[0])); i++) {
		const id = rest.shift();
		if (isId(id)) ids.push(id);
	}
	const [data, options] = rest as [Data | undefined, CallOptions | undefined];
	const input: EventInput = { type };
	if (type === "alias") {
		Object.assign(input, { userId: ids[0], previousId: ids[1] });
		return [applyOptions(input, options ?? (data as CallOptions)), callback];
	}
	const body = { ...data };
	if (type === "identify" || type === "group") {
		Object.assign(input, { [type === "group" ? "groupId" : "userId"]: ids[0], traits: body });
	} else if (type === "track") {
		Object.assign(input, { event: `${ids[0] ?? ""}`, properties: body });
	} else {
		const name = ids.length > 1 ? ids[1] : ids[0];
		const category = ids.length > 1 ? ids[0] : undefined;
		Object.assign(input, {
			...(name != null && { name: `${name}` }),
			...(category != null && { category: `${category}` }),
			properties: {
				...body,
				...(name != null && { name: `${name}` }),
				...(category != null && { category: `${category}` }),
			},
		});
	}
	return [applyOptions(input, options), callback];
}
