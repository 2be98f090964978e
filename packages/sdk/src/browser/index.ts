import type { AnyEvents } from "../core/index.ts";
import type { Client, ClientOptions } from "./options.ts";
import { startClient } from "./startClient.ts";

export type { AnyEvents, Delivery, WireEvent } from "../core/index.ts";
export type { Callback, CallOptions } from "../core/normalizeCall.ts";
export type { Client, ClientOptions, Consent, Plugin } from "./options.ts";

/** Where there is no page (a server that renders one), calls go nowhere and harm nothing. */
function createAbsentClient<Events extends object>(): Client<Events> {
	const dropped = async () => ({ status: "dropped", reason: "server", messageId: "" });
	const same = () => client;
	const nothing = () => {};
	const id = () => "";
	const done = async () => {};
	const client = {
		...{
			track: dropped,
			identify: dropped,
			page: dropped,
			screen: dropped,
			group: dropped,
			alias: dropped,
			send: dropped,
		},
		...{
			reset: nothing,
			setConsent: nothing,
			ready: done,
			flush: done,
			getAnonymousId: id,
			setAnonymousId: id,
			use: same,
		},
	} as unknown as Client<Events>;
	return client;
}

/**
 * Starts tracking in this page. `Events` types the names and properties of `track`.
 * @throws if `writeKey` or `host` is missing
 */
export function createClient<Events extends object = AnyEvents>(options: ClientOptions): Client<Events> {
	if (!options?.writeKey || !options.host) {
		throw new TypeError(
			"selfsame: createClient needs { writeKey, host }, such as { writeKey: 'wk_...', host: 'https://events.shop.example' }",
		);
	}
	return typeof document === "undefined" ? createAbsentClient() : startClient<Events>(options);
}
