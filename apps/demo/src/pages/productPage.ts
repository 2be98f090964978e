import { html, raw } from "hono/html";
import { formatPrice, type Glaze, type Product } from "../catalogue.ts";
import { productArt } from "../productArt.ts";
import type { PageContent } from "./layout.ts";

export function productPage(base: string, product: Product, glaze: Glaze): PageContent {
	const price = product.price / 100;
	const facts = { product_id: product.id, name: product.name, category: product.category, price };
	return {
		name: product.name,
		event: { name: "Product Viewed", properties: { ...facts, variant: glaze.name } },
		body: html`
<nav class="crumbs" aria-label="Where you are"><a href="${base}#pieces">Pieces</a> <span aria-hidden="true">/</span> ${product.category}</nav>
<article class="product">
	<div class="product-art">${productArt(product, glaze, "p")}</div>
	<div class="product-text">
		<h1>${product.name}</h1>
		<p class="price">${formatPrice(product.price)}</p>
		<p class="lead">${product.description}</p>
		<p class="choice-title" id="glaze-title">Glaze: <b>${glaze.name}</b></p>
		<ul class="glazes" aria-labelledby="glaze-title">${product.glazes.map((choice) => glazeLink(base, product, choice, choice.id === glaze.id))}</ul>
		<form method="post" action="${base}/cart" data-action="add" data-properties="${JSON.stringify({ ...facts, variant: glaze.name, quantity: 1 })}">
			<input type="hidden" name="product" value="${product.id}"><input type="hidden" name="glaze" value="${glaze.id}"><input type="hidden" name="change" value="1">
			<button class="button wide">Add to cart</button>
		</form>
		<ul class="details">${product.details.map((detail) => html`<li>${detail}</li>`)}</ul>
	</div>
</article>`,
	};
}

function glazeLink(base: string, product: Product, glaze: Glaze, current: boolean) {
	return html`<li><a href="${base}/products/${product.id}?glaze=${glaze.id}" ${current ? raw('aria-current="true"') : ""}>
	<svg viewBox="0 0 20 20" width="20" height="20" aria-hidden="true"><circle cx="10" cy="10" r="9" fill="${glaze.base}" stroke="${glaze.dark}"/></svg>${glaze.name}</a></li>`;
}
