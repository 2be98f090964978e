import { raw } from "hono/html";
import type { Glaze, Product } from "./catalogue.ts";

type Markup = ReturnType<typeof raw>;

const clay = "#b98a62";
const clayDark = "#7f5a3b";

/** The parts a drawing is made of: each painted with the glaze, lit from the upper left. */
interface Brush {
	/** A thrown body: glazed, with bare clay below the wavy line at `clayFrom`. */
	body(path: string, clayFrom?: number): string;
	/** A part without a foot: handle, spout, lid. */
	part(path: string): string;
	/** The opening seen from slightly above. */
	rim(cx: number, cy: number, rx: number, ry: number): string;
	light(path: string): string;
}

/** A drawing of the piece in this glaze, as inline SVG. `key` keeps gradient ids apart on a page with many drawings. */
export function productArt(product: Product, glaze: Glaze, key: string): Markup {
	const draw = drawings[product.id];
	if (!draw) throw new Error(`No drawing for ${product.id}`);
	const brush = createBrush(glaze, key);
	const label = `${product.name} in ${glaze.name}`;
	return raw(
		`<svg class="art" viewBox="0 0 400 400" role="img" aria-label="${label}">
<defs>
<linearGradient id="${key}-g" x1="0" x2="1" y1="0" y2=".15"><stop offset="0" stop-color="${glaze.base}"/><stop offset=".28" stop-color="${glaze.light}"/><stop offset=".62" stop-color="${glaze.base}"/><stop offset="1" stop-color="${glaze.dark}"/></linearGradient>
<linearGradient id="${key}-c" x1="0" x2="1"><stop offset="0" stop-color="${clay}"/><stop offset=".3" stop-color="#d3aa84"/><stop offset="1" stop-color="${clayDark}"/></linearGradient>
<radialGradient id="${key}-s"><stop offset="0" stop-color="#2a2418" stop-opacity=".34"/><stop offset="1" stop-color="#2a2418" stop-opacity="0"/></radialGradient>
</defs>
<ellipse cx="212" cy="336" rx="150" ry="22" fill="url(#${key}-s)"/>
${draw(brush, glaze, key)}
</svg>`,
	);
}

function createBrush(glaze: Glaze, key: string): Brush {
	let clips = 0;
	const paint = (path: string, inner: string) => {
		clips += 1;
		const id = `${key}-k${clips}`;
		return `<clipPath id="${id}"><path d="${path}"/></clipPath><g clip-path="url(#${id})"><path d="${path}" fill="url(#${key}-g)"/>${inner}</g>`;
	};
	return {
		body: (path, clayFrom) =>
			paint(path, `${clayFrom === undefined ? "" : footOfClay(clayFrom, glaze, key)}${speckles(clips, glaze)}`),
		part: (path) => paint(path, speckles(clips + 7, glaze)),
		rim: (cx, cy, rx, ry) =>
			`<ellipse cx="${cx}" cy="${cy}" rx="${rx}" ry="${ry}" fill="${glaze.light}"/><ellipse cx="${cx}" cy="${cy + 2}" rx="${rx - 7}" ry="${Math.max(ry - 5, 2)}" fill="${glaze.dark}"/><path d="M${cx - rx + 12} ${cy + 4}a${rx - 12} ${Math.max(ry - 7, 2)} 0 0 0 ${2 * (rx - 12)} 0" fill="${glaze.base}" opacity=".55"/>`,
		light: (path) =>
			`<path d="${path}" fill="none" stroke="#fff" stroke-width="9" stroke-linecap="round" opacity=".42"/>`,
	};
}

/** Where the glaze ends: a line that ran a little in the kiln. */
function footOfClay(y: number, glaze: Glaze, key: string): string {
	const wave = `M0 ${y}q25 13 50 2t50 3t50-4t50 5t50-3t50 3t50-4t50 2`;
	return `<path d="${wave}V400H0Z" fill="url(#${key}-c)"/><path d="${wave}" fill="none" stroke="${glaze.dark}" stroke-width="5" opacity=".5"/>`;
}

/** Iron spots in the clay. The same everywhere, so that a page does not flicker between loads. */
function speckles(seed: number, glaze: Glaze): string {
	let state = seed * 7919 + 17;
	const next = (limit: number) => {
		state = (state * 48271) % 2147483647;
		return state % limit;
	};
	return Array.from({ length: 46 }, () => {
		const radius = (next(14) + 5) / 10;
		return `<circle cx="${60 + next(290)}" cy="${60 + next(280)}" r="${radius}" fill="${glaze.dark}" opacity=".42"/>`;
	}).join("");
}

const drawings: Record<string, (brush: Brush, glaze: Glaze, key: string) => string> = {
	"harbour-mug": ({ body, rim, light }, glaze) => `
<path d="M276 182c74-18 92 26 78 64-12 34-50 50-88 46" fill="none" stroke="${glaze.dark}" stroke-width="27" stroke-linecap="round"/>
<path d="M276 180c72-17 88 25 75 61-12 32-48 48-84 45" fill="none" stroke="${glaze.base}" stroke-width="19" stroke-linecap="round"/>
${body("M96 128C94 210 98 280 118 322q4 12 20 12h110q16 0 20-12c20-42 24-112 22-194Z", 292)}
${rim(193, 128, 97, 23)}
${light("M124 176c0 38 4 66 10 92")}`,

	"dune-teapot": ({ body, part, light }, glaze) => `
<path d="M292 196c58-30 92 8 78 52-10 32-44 52-82 48" fill="none" stroke="${glaze.dark}" stroke-width="22" stroke-linecap="round"/>
<path d="M292 194c56-28 88 8 75 50-10 30-42 49-78 46" fill="none" stroke="${glaze.base}" stroke-width="14" stroke-linecap="round"/>
${part("M124 284C84 270 70 224 40 182q-6-12 8-16l14-2c22 34 44 48 76 52Z")}
${body("M200 156c84 0 116 46 116 96 0 44-26 74-52 84H136c-26-10-52-40-52-84 0-50 32-96 116-96Z", 304)}
${part("M128 172q8-34 72-34t72 34q-30 12-72 12t-72-12Z")}
<path d="M128 172q30 13 72 13t72-13" fill="none" stroke="${glaze.dark}" stroke-width="4" opacity=".6"/>
${part("M200 104a18 16 0 0 1 18 16q0 12-8 20h-20q-8-8-8-20a18 16 0 0 1 18-16Z")}
${light("M118 238c2-26 18-44 40-50")}`,

	"tide-bowl": ({ body, rim, light }, glaze, key) => `
${body("M62 186c4 76 50 132 92 140l8 12h80l8-12c42-8 88-64 92-140Z", 306)}
<clipPath id="${key}-t"><path d="M62 186c4 76 50 132 92 140h96c42-8 88-64 92-140Z"/></clipPath>
<path clip-path="url(#${key}-t)" d="M40 232q30 18 60 4t62 8t60-8t64 8t80-12V160H40Z" fill="${glaze.light}" opacity=".42"/>
${rim(202, 186, 140, 34)}
${light("M92 236c8 26 22 46 38 60")}`,

	"pebble-plate": (_brush, glaze, key) => `
<ellipse cx="206" cy="250" rx="164" ry="92" fill="${glaze.dark}"/>
<ellipse cx="204" cy="240" rx="164" ry="92" fill="url(#${key}-g)"/>
<clipPath id="${key}-p"><ellipse cx="204" cy="240" rx="164" ry="92"/></clipPath>
<g clip-path="url(#${key}-p)">${speckles(3, glaze)}${speckles(5, glaze)}</g>
<ellipse cx="204" cy="246" rx="122" ry="64" fill="${glaze.dark}" opacity=".28"/>
<ellipse cx="204" cy="250" rx="118" ry="60" fill="url(#${key}-g)"/>
<g clip-path="url(#${key}-p)" opacity=".7">${speckles(9, glaze)}</g>
<path d="M66 222c14-38 62-60 116-64" fill="none" stroke="#fff" stroke-width="9" stroke-linecap="round" opacity=".5"/>
<path d="M60 266c30 46 96 66 150 66" fill="none" stroke="${clay}" stroke-width="5" opacity=".7"/>`,

	"heron-vase": ({ body, rim, light }, glaze) => `
<g fill="none" stroke="#5f6b43" stroke-width="5" stroke-linecap="round"><path d="M200 92C206 60 220 36 250 18"/><path d="M198 92C190 66 178 48 158 34"/></g>
<g fill="#7d8a58"><path d="M250 18q24-8 36 8q-24 12-36-8Z"/><path d="M222 48q28-2 34 18q-26 4-34-18Z"/><path d="M158 34q-24-2-30 16q22 6 30-16Z"/><path d="M180 60q-26 4-26 24q22-2 26-24Z"/></g>
${body("M176 92c2 52-4 76-26 100-28 28-44 52-44 82 0 32 22 54 48 62h92c26-8 48-30 48-62 0-30-16-54-44-82-22-24-28-48-26-100Z", 306)}
${rim(200, 92, 26, 8)}
<path d="M108 262q46 20 92 20t92-20" fill="none" stroke="${glaze.light}" stroke-width="5" opacity=".75"/>
<path d="M107 274q46 20 93 20t93-20" fill="none" stroke="${glaze.dark}" stroke-width="3" opacity=".5"/>
${light("M136 244c6-14 16-26 28-38")}`,

	lantern: ({ body, part, light }, glaze) => `
${body("M200 96c74 0 104 56 104 128 0 58-24 98-46 112H142c-22-14-46-54-46-112 0-72 30-128 104-128Z", 314)}
<g fill="#ffd88a" stroke="${glaze.dark}" stroke-width="3">${lanternHoles()}</g>
${part("M174 102q4-18 26-18t26 18q-12 6-26 6t-26-6Z")}
<path d="M176 86c0-40 48-40 48 0" fill="none" stroke="${clayDark}" stroke-width="7"/>
${light("M126 214c2-40 16-66 36-80")}`,
};

function lanternHoles(): string {
	const rows = [150, 182, 214, 246, 278];
	return rows
		.flatMap((y, row) =>
			[-3, -2, -1, 0, 1, 2, 3].map((column) => {
				// Holes crowd together towards the sides, as they do on a round wall.
				const turn = (column + (row % 2) / 2) / 3.6;
				const x = 200 + Math.sin(turn * 1.45) * (row === 0 ? 70 : 92);
				return `<ellipse cx="${x.toFixed(1)}" cy="${y}" rx="${(8 * Math.cos(turn * 1.25)).toFixed(1)}" ry="9"/>`;
			}),
		)
		.join("");
}
