import type { Client } from "selfsame/browser";

declare global {
	interface Window {
		selfsame: Client;
		/** The module, on pages of a test that import it. */
		sdk: typeof import("selfsame/browser");
	}
}
