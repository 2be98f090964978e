import type { Client, ClientOptions } from "./options.ts";
import { type EarlyCall, startClient } from "./startClient.ts";

/**
 * The script tag: options come from its `data-` attributes, `host` is where it came from. What the stub has kept is
 * done first. A second tag on the same page changes nothing.
 */
const script = (document.currentScript ?? document.querySelector("script[data-write-key]")) as HTMLScriptElement;
const global = window as unknown as { selfsame?: Client | EarlyCall[] };
const before = global.selfsame;
if (!before || Array.isArray(before)) {
	const options: Record<string, unknown> = { host: script.src && new URL(script.src).origin };
	for (const [name, value = ""] of Object.entries(script.dataset)) {
		options[name] = /^(mask|link)/.test(name)
			? value.split(/[\s,]+/)
			: value === "" || value === "true" || (value !== "false" && value);
	}
	if (options.writeKey) {
		startClient(options as unknown as ClientOptions, before, (client) => {
			global.selfsame = client;
		});
	} else console.error("selfsame: the script tag needs data-write-key");
}
