import { html, raw } from "hono/html";
import type { Customer } from "../customers.ts";

type Markup = ReturnType<typeof html>;

/** What every page knows about the visit. */
export interface Visit {
	/** Where the shop is mounted, such as `/demo`. */
	base: string;
	/** The public key of the `web` source. */
	writeKey: string;
	/** The address of the script, such as `/selfsame.js`. */
	scriptSrc: string;
	customer: Customer | null;
	cartCount: number;
}

/** An event the page reports once it is open. */
interface PageEvent {
	name: string;
	properties: Record<string, unknown>;
	/** The event is reported once for this key in a browser, however often the page is reloaded. */
	once?: string;
}

export interface PageContent {
	/** The page's name in its title, and so in the views of it. */
	name: string;
	body: Markup | Promise<Markup>;
	event?: PageEvent;
}

export function layout(visit: Visit, page: PageContent) {
	const { base, customer } = visit;
	return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${page.name} · Saltmarsh</title>
<meta name="description" content="Saltmarsh: stoneware for slow mornings. A demo shop of Selfsame.">
<link rel="icon" href="${base}/icon.svg" type="image/svg+xml">
<link rel="stylesheet" href="${base}/shop.css">
<script async src="${visit.scriptSrc}" data-write-key="${visit.writeKey}"></script>
<script type="module" src="${base}/shop.js"></script>
<script type="module" src="${base}/panel.js"></script>
</head>
<body data-base="${base}" data-customer="${JSON.stringify(customer)}" data-event="${JSON.stringify(page.event ?? null)}">
<a class="skip" href="#main">Skip to the content</a>
<p class="ribbon">Free delivery over €60 · Made to order in four days</p>
<header class="top">
	<a class="brand" href="${base}">${wave}<span>Saltmarsh</span></a>
	<nav class="menu" aria-label="Shop">
		<a href="${base}#pieces">Pieces</a>
		<a href="${base}#studio">The studio</a>
	</nav>
	<div class="account">
		${
			customer
				? html`<span class="hello">Hello, ${customer.name.split(" ")[0]}</span>
		<form method="post" action="${base}/sign-out" data-action="sign-out"><button class="link">Sign out</button></form>`
				: html`<a href="${base}/sign-in">Sign in</a>`
		}
		<a class="cart-link" href="${base}/cart">Cart <b aria-label="${visit.cartCount} in the cart">${visit.cartCount}</b></a>
	</div>
</header>
<div class="stage">
<main id="main">${page.body}</main>
<aside id="profile-panel" class="panel" aria-labelledby="panel-title" hidden></aside>
</div>
<footer class="foot">
	<p><b>Saltmarsh</b> is an invented shop that shows what Selfsame sees. Nothing here can be bought, and nothing you type leaves this machine.</p>
</footer>
</body>
</html>`;
}

const wave = raw(
	`<svg viewBox="0 0 40 40" width="34" height="34" aria-hidden="true"><circle cx="20" cy="20" r="19" fill="#1f5c57"/><circle cx="20" cy="15" r="6" fill="#f3c98b"/><path d="M2 23q6-5 12 0t12 0t12 0a19 19 0 0 1-36 0Z" fill="#a9cfc6"/><path d="M4 29q6-5 11 0t11 0t10 0a19 19 0 0 1-32 0Z" fill="#f6f1e7"/></svg>`,
);
