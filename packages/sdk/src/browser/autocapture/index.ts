import type { Plugin } from "../options.ts";
export function autocapture(): Plugin {
	return { name: "autocapture" };
}
