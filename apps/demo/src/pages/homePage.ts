import { html, raw } from "hono/html";
import { findGlaze, findProduct, formatPrice, type Product, products } from "../catalogue.ts";
import { productArt } from "../productArt.ts";
import type { PageContent } from "./layout.ts";

export function homePage(base: string): PageContent {
	return {
		name: "Home",
		body: html`
<section class="hero">
	<div class="hero-text">
		<p class="eyebrow">Autumn firing, 2026</p>
		<h1>Stoneware for slow mornings</h1>
		<p class="lead">Mugs, bowls and lanterns thrown one at a time on the edge of the marsh. Heavy where it helps, thin where you drink.</p>
		<p><a class="button" href="#pieces">See the pieces</a> <a class="button quiet" href="${base}/products/harbour-mug">Start with a mug</a></p>
	</div>
	<div class="hero-art" aria-hidden="true">${horizon}
		<div class="shelf">${shelfPiece("heron-vase", 0)}${shelfPiece("dune-teapot", 0)}${shelfPiece("harbour-mug", 1)}</div>
	</div>
</section>
<section id="pieces" aria-labelledby="pieces-title">
	<h2 id="pieces-title">The pieces</h2>
	<ul class="grid">${products.map((product, index) => card(base, product, index))}</ul>
</section>
<section id="studio" class="studio">
	<div><h3>One wheel, one kiln</h3><p>Every piece is thrown, trimmed and glazed by the same pair of hands. We fire on Fridays.</p></div>
	<div><h3>Glazes from the shore</h3><p>Wood ash, oyster shell and a river clay that goes green when the kiln is in a good mood.</p></div>
	<div><h3>It broke? Send it back</h3><p>We mend with a gold seam, or throw you another at half the price. Your choice.</p></div>
</section>`,
	};
}

function card(base: string, product: Product, index: number) {
	return html`<li class="card"><a href="${base}/products/${product.id}">
	<span class="card-art">${productArt(product, findGlaze(product, undefined), `c${index}`)}</span>
	<span class="card-text"><b>${product.name}</b><span>${formatPrice(product.price)}</span></span>
	<span class="card-blurb">${product.blurb}</span>
</a></li>`;
}

function shelfPiece(id: string, glaze: number) {
	const product = findProduct(id) as Product;
	return html`<span class="shelf-piece ${id}">${productArt(product, findGlaze(product, product.glazes[glaze]?.id), `h-${id}`)}</span>`;
}

const horizon = raw(`<svg class="horizon" viewBox="0 0 640 460" preserveAspectRatio="xMidYMid slice">
<defs><linearGradient id="sky" x1="0" y1="0" x2="0" y2="1"><stop offset="0" stop-color="#f8dcb4"/><stop offset=".6" stop-color="#f3c39a"/><stop offset="1" stop-color="#e9a883"/></linearGradient></defs>
<rect width="640" height="460" fill="url(#sky)"/><circle cx="452" cy="176" r="66" fill="#fff3d6"/>
<path d="M0 246q80-26 170-12t190-8t280 14V460H0Z" fill="#8fb5ab"/><path d="M0 274q110-22 230-4t210-4t200 6V460H0Z" fill="#5f9088"/>
<path d="M0 318q140-26 300-2t340-6V460H0Z" fill="#2f625d"/>
<g stroke="#fff3d6" stroke-width="3" stroke-linecap="round" opacity=".7"><path d="M404 262h96M424 276h56M380 292h40M470 296h44"/></g>
<g stroke="#24463f" stroke-width="4" stroke-linecap="round" fill="none"><path d="M46 372q-8-60 6-104M62 372q2-50-10-84M80 372q6-44 22-70M588 366q10-50-2-92M606 366q0-40 16-66"/></g>
<g fill="#7a4a2c"><ellipse cx="52" cy="262" rx="5" ry="16"/><ellipse cx="103" cy="296" rx="4" ry="13"/><ellipse cx="586" cy="268" rx="5" ry="16"/></g>
<path d="M196 112q10-12 20 0q10-12 20 0M252 86q8-10 16 0q8-10 16 0" fill="none" stroke="#7a5a45" stroke-width="3" stroke-linecap="round"/></svg>`);
