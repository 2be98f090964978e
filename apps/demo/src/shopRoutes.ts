import { readFileSync } from "node:fs";
import { type Context, Hono } from "hono";
import { deleteCookie, getCookie, setCookie } from "hono/cookie";
import { secureHeaders } from "hono/secure-headers";
import { cartCount, cartTotal, changeCart, deliveryCost, formatCart, parseCart, toEventProduct } from "./cart.ts";
import { findGlaze, findProduct } from "./catalogue.ts";
import { type Customer, findCustomer } from "./customers.ts";
import { packCookie, unpackCookie } from "./packCookie.ts";
import { cartPage } from "./pages/cartPage.ts";
import { homePage } from "./pages/homePage.ts";
import { layout, type PageContent } from "./pages/layout.ts";
import { notFoundPage } from "./pages/notFoundPage.ts";
import { productPage } from "./pages/productPage.ts";
import { signInPage } from "./pages/signInPage.ts";
import { type Order, thankYouPage } from "./pages/thankYouPage.ts";
import type { VisitorReader } from "./readVisitor.ts";
import { visitorRoute } from "./visitorRoute.ts";

export interface ShopOptions {
	/** The public write key of the source the pages send to. */
	writeKey: string;
	/** Reads the profile of the visitor who asks, for the panel. */
	readVisitor: VisitorReader;
	/** Whether the panel answers under this `Host`; any other may be a page elsewhere that led its name here. Default: any. */
	isOwnHost?: (host: string) => boolean;
	/** Where the shop is mounted. Default `/demo`. */
	base?: string;
	/** The address of the script. Default `/selfsame.js`, of the same origin. */
	scriptSrc?: string;
	/** Names an order. Default: eight random hexadecimal digits. */
	createOrderId?: () => string;
}

const cookieOptions = { path: "/", httpOnly: true, sameSite: "Lax" } as const;
const cartCookie = "shop_cart";
const customerCookie = "shop_customer";
const orderCookie = "shop_order";

/** The shop: pages that track with the public script tag, and nothing else of Selfsame but the panel's own route. */
export function shopRoutes(options: ShopOptions): Hono {
	const { writeKey, readVisitor, base = "/demo", scriptSrc = "/selfsame.js" } = options;
	const createOrderId = options.createOrderId ?? (() => crypto.randomUUID().slice(0, 8).toUpperCase());
	const app = new Hono();
	app.use(secureHeaders({ contentSecurityPolicy: { ...closedPolicy, connectSrc: ["'self'"] } }));

	const readCart = (c: Context) => parseCart(getCookie(c, cartCookie));
	const readCustomer = (c: Context) => unpackCookie<Customer>(getCookie(c, customerCookie));
	const show = (c: Context, page: PageContent, status: 200 | 404 | 422 = 200) => {
		c.header("Cache-Control", "no-store");
		const visit = { base, writeKey, scriptSrc, customer: readCustomer(c), cartCount: cartCount(readCart(c)) };
		return c.html(layout(visit, page), status);
	};

	app.get("/", (c) => show(c, homePage(base)));
	app.get("/products/:id", (c) => {
		const product = findProduct(c.req.param("id"));
		return product ? show(c, productPage(base, product, findGlaze(product, c.req.query("glaze")))) : missing(c);
	});
	app.get("/cart", (c) => show(c, cartPage(base, readCart(c), readCustomer(c))));
	app.post("/cart", async (c) => {
		const form = await readForm(c);
		const product = findProduct(form("product"));
		if (!product) return missing(c);
		const lines = changeCart(readCart(c), product, findGlaze(product, form("glaze")), form("change") === "-1" ? -1 : 1);
		setCookie(c, cartCookie, formatCart(lines), cookieOptions);
		return c.redirect(`${base}/cart`, 303);
	});
	app.get("/sign-in", (c) => show(c, signInPage(base, { next: c.req.query("next") === "cart" ? "cart" : "home" })));
	app.post("/sign-in", async (c) => {
		const form = await readForm(c);
		const next = form("next") === "cart" ? "cart" : "home";
		const customer = findCustomer(form("name"), form("email"));
		if (!customer) {
			return show(c, signInPage(base, { next, refused: { name: form("name"), email: form("email") } }), 422);
		}
		setCookie(c, customerCookie, packCookie(customer), cookieOptions);
		return c.redirect(next === "cart" ? `${base}/cart` : base, 303);
	});
	app.post("/sign-out", (c) => {
		for (const name of [customerCookie, cartCookie, orderCookie]) deleteCookie(c, name, cookieOptions);
		return c.redirect(base, 303);
	});
	app.post("/checkout", (c) => {
		const lines = readCart(c);
		if (lines.length === 0 || !readCustomer(c)) return c.redirect(`${base}/cart`, 303);
		const total = cartTotal(lines);
		const order: Order = {
			id: createOrderId(),
			total: total + deliveryCost(total),
			products: lines.map(toEventProduct),
		};
		setCookie(c, orderCookie, packCookie(order), cookieOptions);
		deleteCookie(c, cartCookie, cookieOptions);
		return c.redirect(`${base}/thank-you`, 303);
	});
	app.get("/thank-you", (c) => {
		const order = unpackCookie<Order>(getCookie(c, orderCookie));
		return order ? show(c, thankYouPage(base, order, readCustomer(c))) : c.redirect(`${base}/cart`, 303);
	});
	app.get("/visitor", visitorRoute(readVisitor, options.isOwnHost));
	for (const [name, type] of assets) app.get(`/${name}`, asset(name, type));
	app.get("/*", (c) => (c.req.path === `${base}/` ? c.redirect(base, 301) : missing(c)));
	return app;

	function missing(c: Context) {
		return show(c, notFoundPage(base), 404);
	}
}

const closedPolicy = {
	defaultSrc: ["'none'"],
	scriptSrc: ["'self'"],
	styleSrc: ["'self'"],
	imgSrc: ["'self'"],
	formAction: ["'self'"],
	baseUri: ["'none'"],
	frameAncestors: ["'none'"],
};

const assets = [
	["shop.css", "text/css; charset=utf-8"],
	["shop.js", "text/javascript; charset=utf-8"],
	["panel.js", "text/javascript; charset=utf-8"],
	["icon.svg", "image/svg+xml"],
] as const;

/** `public` lies beside both `src` and `dist`. */
function asset(name: string, type: string) {
	const body = readFileSync(new URL(`../public/${name}`, import.meta.url), "utf8");
	return (c: Context) => c.body(body, 200, { "Content-Type": type, "Cache-Control": "no-cache" });
}

/** A form's text fields; a missing one, and a file, is empty. */
async function readForm(c: Context) {
	const form = await c.req.parseBody().catch(() => ({}) as Record<string, unknown>);
	return (name: string) => {
		const value = form[name];
		return typeof value === "string" ? value : "";
	};
}
