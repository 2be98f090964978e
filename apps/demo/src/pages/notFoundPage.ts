import { html } from "hono/html";
import type { PageContent } from "./layout.ts";

export function notFoundPage(base: string): PageContent {
	return {
		name: "Not found",
		body: html`<section class="narrow"><h1>The tide took this page</h1><p class="lead">There is nothing here any more, or there never was.</p>
<p><a class="button" href="${base}">Back to the shop</a></p></section>`,
	};
}
