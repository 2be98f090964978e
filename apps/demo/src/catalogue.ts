/** A glaze a piece comes in. The four colours are what the drawings shade with. */
export interface Glaze {
	id: string;
	name: string;
	light: string;
	base: string;
	dark: string;
}

export interface Product {
	/** The slug in the address, and `product_id` in the events. */
	id: string;
	name: string;
	/** Euro cents, so that sums stay exact. */
	price: number;
	category: "Drinking" | "Table" | "Home";
	blurb: string;
	description: string;
	details: readonly string[];
	/** The first is the one shown first. */
	glazes: readonly Glaze[];
}

const sea: Glaze = { id: "sea", name: "Sea glass", light: "#a9cfc6", base: "#5f9f97", dark: "#2c615d" };
const sand: Glaze = { id: "sand", name: "Dry sand", light: "#f5e7cf", base: "#dfc6a0", dark: "#a98757" };
const ember: Glaze = { id: "ember", name: "Ember", light: "#eea57f", base: "#cc6a43", dark: "#87381f" };
const ink: Glaze = { id: "ink", name: "Night tide", light: "#7088a8", base: "#35496a", dark: "#182438" };
const chalk: Glaze = { id: "chalk", name: "Chalk", light: "#ffffff", base: "#ece7dd", dark: "#b7ae9e" };
const moss: Glaze = { id: "moss", name: "Moss", light: "#c0c892", base: "#848f53", dark: "#4a532a" };

export const products: readonly Product[] = [
	{
		id: "harbour-mug",
		name: "Harbour mug",
		price: 2400,
		category: "Drinking",
		blurb: "A thumb rest, a wide foot, and room for a proper coffee.",
		description:
			"Thrown a little heavier at the base, so it stays put on a boat and on a desk. The handle takes three fingers and the lip is thin where it matters.",
		details: ["320 ml", "Stoneware, fired at 1,240 °C", "Dishwasher and microwave safe"],
		glazes: [sea, ember, chalk],
	},
	{
		id: "dune-teapot",
		name: "Dune teapot",
		price: 7600,
		category: "Drinking",
		blurb: "Pours without a drip, which is the whole point.",
		description:
			"Four cups, a spout cut at a steep angle so that the last drop falls back, and a lid that stays on when you tilt it. The strainer is drilled into the wall.",
		details: ["900 ml, four cups", "Built-in strainer of 38 holes", "Wash by hand"],
		glazes: [sand, ink, moss],
	},
	{
		id: "tide-bowl",
		name: "Tide bowl",
		price: 3200,
		category: "Table",
		blurb: "Deep enough for ramen, pretty enough for oranges.",
		description:
			"Two glazes meet where the tide line would be. No two lines are alike: the overlap runs in the kiln and we let it.",
		details: ["19 cm across, 1 litre", "Stacks in sixes", "Dishwasher safe"],
		glazes: [ink, sea, sand],
	},
	{
		id: "pebble-plate",
		name: "Pebble plate",
		price: 2800,
		category: "Table",
		blurb: "A low rim that keeps the sauce where you put it.",
		description:
			"Pressed by hand over a plaster hump, so every rim wanders a little. Sold one by one, because sets break.",
		details: ["26 cm across", "Speckled clay body", "Oven safe to 220 °C"],
		glazes: [chalk, sea, moss],
	},
	{
		id: "heron-vase",
		name: "Heron vase",
		price: 5800,
		category: "Home",
		blurb: "One tall stem and it looks as if you planned it.",
		description:
			"A long neck over a round belly, thrown in two parts and joined while wet. The weight sits low, so a branch will not tip it.",
		details: ["31 cm tall", "Watertight", "Wipe clean"],
		glazes: [ember, ink, chalk],
	},
	{
		id: "lantern",
		name: "Marsh lantern",
		price: 3600,
		category: "Home",
		blurb: "Throws small moons on the wall.",
		description:
			"Pierced by hand before the first firing, about ninety holes a piece. Takes a tea light and a slow evening.",
		details: ["14 cm tall", "For tea lights", "Leave it outside until the first frost"],
		glazes: [moss, sand, ember],
	},
];

export function findProduct(id: string): Product | undefined {
	return products.find((product) => product.id === id);
}

/** The glaze with this id, else the one shown first. */
export function findGlaze(product: Product, id: string | undefined): Glaze {
	return product.glazes.find((glaze) => glaze.id === id) ?? (product.glazes[0] as Glaze);
}

/** `2400` is `€24.00`. */
export function formatPrice(cents: number): string {
	return `€${(cents / 100).toFixed(2)}`;
}
