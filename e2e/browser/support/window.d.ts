import type { Client } from "selfsame/browser";

declare global {
	interface Window {
		selfsame: Client;
	}
}
