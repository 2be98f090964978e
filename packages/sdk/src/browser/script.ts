import { safely } from "../core/safely.ts";
import type { Client, ClientOptions } from "./options.ts";
import { type EarlyCall, startClient } from "./startClient.ts";

/**
 * The script tag: options come from its `data-` attributes or the parameters of its address, `host` is where it came from. What the stub has kept is
 * done first. A second tag on the same page changes nothing.
 */
const script = (document.currentScript ??
	document.querySelector("script[data-write-key],script[src*='writeKey=']")) as HTMLScriptElement;
const global = window as unknown as { selfsame?: Client | EarlyCall[] };
const before = global.selfsame;
if (!before || Array.isArray(before)) {
	const url = safely(() => new URL(script.src));
	// Beside this script, wherever a proxy shows it.
	const options: Record<string, unknown> = { host: url && url.origin + url.pathname.replace(/\/[^/]*$/, "") };
	// Tag managers put a script into the page by its address alone, where options are parameters.
	for (const [name, value = ""] of [...(url?.searchParams ?? []), ...Object.entries(script?.dataset ?? {})]) {
		options[name] = /^(mask|link)/.test(name)
			? value.split(/[\s,]+/)
			: value === "" || value === "true" || (value !== "false" && value);
	}
	if (options.writeKey) {
		startClient(options as unknown as ClientOptions, before, (client) => {
			global.selfsame = client;
		});
	} else console.error("selfsame: the script tag needs data-write-key, or ?writeKey= in its address");
}
