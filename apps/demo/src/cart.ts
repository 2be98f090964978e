import { findGlaze, findProduct, type Glaze, type Product } from "./catalogue.ts";

/** One line of a cart: a product in a glaze. */
export interface CartLine {
	product: Product;
	glaze: Glaze;
	quantity: number;
}

const maxQuantity = 9;

/** Reads a cart from its cookie, `product.glaze.quantity` joined by `~`. What the shop does not sell is left out. */
export function parseCart(text: string | undefined): CartLine[] {
	const lines: CartLine[] = [];
	for (const part of (text ?? "").split("~")) {
		const [productId = "", glazeId, quantity] = part.split(".");
		const product = findProduct(productId);
		const count = Math.min(Number.parseInt(quantity ?? "", 10), maxQuantity);
		if (product && count >= 1) lines.push({ product, glaze: findGlaze(product, glazeId), quantity: count });
	}
	return lines;
}

export function formatCart(lines: readonly CartLine[]): string {
	return lines.map((line) => `${line.product.id}.${line.glaze.id}.${line.quantity}`).join("~");
}

/** The cart with `change` more (or fewer) of this piece; at most 9 of one, and none is no line. */
export function changeCart(lines: readonly CartLine[], product: Product, glaze: Glaze, change: number): CartLine[] {
	const same = (line: CartLine) => line.product.id === product.id && line.glaze.id === glaze.id;
	const present = lines.find(same);
	if (!present)
		return change > 0 ? [...lines, { product, glaze, quantity: Math.min(change, maxQuantity) }] : [...lines];
	return lines
		.map((line) => (same(line) ? { ...line, quantity: Math.min(line.quantity + change, maxQuantity) } : line))
		.filter((line) => line.quantity > 0);
}

export function cartCount(lines: readonly CartLine[]): number {
	return lines.reduce((sum, line) => sum + line.quantity, 0);
}

/** Euro cents. */
export function cartTotal(lines: readonly CartLine[]): number {
	return lines.reduce((sum, line) => sum + line.quantity * line.product.price, 0);
}

/** Euro cents: free from 60 euros on. */
export function deliveryCost(total: number): number {
	return total >= 6000 ? 0 : 450;
}

/** A line as the ecommerce events carry it: prices in euros. */
export function toEventProduct(line: CartLine) {
	return {
		product_id: line.product.id,
		name: line.product.name,
		category: line.product.category,
		variant: line.glaze.name,
		price: line.product.price / 100,
		quantity: line.quantity,
	};
}
