import { isOwnHost } from "@selfsame/collector";
import { expect, test } from "vitest";
import { createVisitorReader, shopRoutes, type VisitorView } from "../src/index.ts";
import { packCookie } from "../src/packCookie.ts";

const seen: string[] = [];
const empty = (anonymousId: string): VisitorView => ({ anonymousId, profile: null, events: [], links: [] });
const shop = shopRoutes({
	writeKey: 'wk_"><script>alert(1)</script>',
	createOrderId: () => "ORDER1",
	readVisitor: async (anonymousId) => {
		seen.push(anonymousId);
		return empty(anonymousId);
	},
});
const form = (fields: Record<string, string>, cookie = "") =>
	({ method: "POST", body: new URLSearchParams(fields), headers: { cookie } }) satisfies RequestInit;
const cookieOf = (response: Response, name: string) =>
	response.headers
		.getSetCookie()
		.find((cookie) => cookie.startsWith(`${name}=`))
		?.split(";")[0] ?? "";

test.each(["/", "/products/harbour-mug", "/products/dune-teapot?glaze=moss", "/cart", "/sign-in"])(
	"%s is a whole page with the public script tag, and nothing in it breaks out",
	async (path) => {
		const response = await shop.request(path);
		expect(response.status).toBe(200);
		const html = await response.text();
		expect(html).toContain('<script async src="/selfsame.js" data-write-key="wk_&quot;&gt;&lt;script&gt;');
		expect(html).not.toContain("<script>alert");
		expect(html).toContain("</html>");
		expect(response.headers.get("content-security-policy")).toContain("script-src 'self'");
	},
);

test("what is not there says so", async () => {
	for (const path of ["/products/nothing", "/products/__proto__", "/elsewhere"]) {
		expect((await shop.request(path)).status).toBe(404);
	}
	expect((await shop.request("/cart", form({ product: "nothing" }))).status).toBe(404);
	expect(
		(await shop.request("/cart", { method: "POST", body: "{", headers: { "content-type": "multipart/form-data" } }))
			.status,
	).toBe(404);
});

test("a piece goes into the cart, grows to nine and leaves again", async () => {
	const change = (by: string, cookie: string) =>
		shop.request("/cart", form({ product: "tide-bowl", glaze: "sea", change: by }, cookie));
	let cookie = cookieOf(await change("1", ""), "shop_cart");
	expect(cookie).toBe("shop_cart=tide-bowl.sea.1");
	for (let i = 0; i < 12; i++) cookie = cookieOf(await change("1", cookie), "shop_cart");
	expect(cookie).toBe("shop_cart=tide-bowl.sea.9");
	expect(await (await shop.request("/cart", { headers: { cookie } })).text()).toContain("€288.00");
	for (let i = 0; i < 9; i++) cookie = cookieOf(await change("-1", cookie), "shop_cart");
	expect(cookie).toBe("shop_cart=");
});

test("the same email is the same customer, on every device and however it is written", async () => {
	const signIn = async (name: string, email: string) => {
		const response = await shop.request("/sign-in", form({ name, email, next: "cart" }));
		expect(response.headers.get("location")).toBe("/demo/cart");
		return JSON.parse(Buffer.from(cookieOf(response, "shop_customer").split("=")[1] ?? "", "base64url").toString());
	};
	const first = await signIn("Zoë Ångström", "Zoe@Example.com ");
	expect(first).toMatchObject({ name: "Zoë Ångström", email: "zoe@example.com" });
	expect((await signIn("Zoe", "zoe@example.com")).userId).toBe(first.userId);
	expect((await signIn("Max", "max@example.com")).userId).not.toBe(first.userId);
	expect((await signIn("Robin", "robin@example.com")).userId).toBe("customer-1001");
});

test("a sign-in that cannot be is refused with what was typed, safely", async () => {
	const response = await shop.request("/sign-in", form({ name: '"><img src=x>', email: "nobody" }));
	expect(response.status).toBe(422);
	const html = await response.text();
	expect(html).toContain("Please give a name");
	expect(html).not.toContain("<img src=x>");
});

test("an order is placed by someone signed in with something in the cart, and only then", async () => {
	const customer = `shop_customer=${packCookie({ userId: "customer-1001", name: "Robin Fields", email: "robin@example.com" })}`;
	for (const cookie of ["", customer, "shop_cart=lantern.moss.1"]) {
		expect((await shop.request("/checkout", form({}, cookie))).headers.get("location")).toBe("/demo/cart");
	}
	const placed = await shop.request("/checkout", form({}, `${customer}; shop_cart=lantern.moss.1`));
	expect(placed.headers.get("location")).toBe("/demo/thank-you");
	const page = await shop.request("/thank-you", {
		headers: { cookie: `${customer}; ${cookieOf(placed, "shop_order")}` },
	});
	const html = await page.text();
	expect(html).toContain("Thank you, Robin");
	expect(html).toContain("€40.50");
});

test("the panel's route answers for the caller's own cookie and takes no other word for it", async () => {
	seen.length = 0;
	expect(await (await shop.request("/visitor")).json()).toMatchObject({ anonymousId: null, profile: null });
	await shop.request("/visitor?anonymousId=somebody-else", { headers: { cookie: "selfsame_id=mine" } });
	expect(seen).toEqual(["mine"]);
	const first = await shop.request("/visitor", { headers: { cookie: "selfsame_id=mine" } });
	expect(first.headers.get("access-control-allow-origin")).toBeNull();
	const again = await shop.request("/visitor", {
		headers: { cookie: "selfsame_id=mine", "if-none-match": first.headers.get("etag") ?? "" },
	});
	expect(again.status).toBe(304);
	const long = await shop.request("/visitor", { headers: { cookie: `selfsame_id=${"x".repeat(300)}` } });
	expect(await long.json()).toMatchObject({ anonymousId: null });
});

test.each([
	["localhost:4600", 200],
	["127.0.0.1:4600", 200],
	["[::1]:4600", 200],
	["192.0.2.1", 200],
	["demo.shop.example", 200],
	["evil.example:4600", 403],
	["localhost.evil.example", 403],
	["", 403],
])("the panel answers under %s with %i: no page that led its name here may read it", async (host, status) => {
	const own = shopRoutes({
		writeKey: "wk",
		readVisitor: async (anonymousId) => empty(anonymousId),
		isOwnHost: (name) => isOwnHost(name, "https://demo.shop.example/x"),
	});
	const answer = await own.request("/visitor", { headers: { host, cookie: "selfsame_id=mine" } });
	expect(answer.status).toBe(status);
	expect((await answer.text()).includes("mine")).toBe(status === 200);
});

test("a collector that cannot answer is said to be unable, without its reasons", async () => {
	const broken = shopRoutes({
		writeKey: "wk",
		readVisitor: () => Promise.reject(new Error("disk full at /var/secret")),
	});
	const response = await broken.request("/visitor", { headers: { cookie: "selfsame_id=mine" } });
	expect(response.status).toBe(503);
	expect(await response.text()).not.toContain("secret");
	const refusing = createVisitorReader({ secretKey: "sk_x", request: () => new Response("", { status: 503 }) });
	await expect(refusing("mine")).rejects.toThrow("/v1/profiles with 503");
});

test("the reader asks the profile API with the key, and passes on what it answers but the key", async () => {
	const asked: string[] = [];
	const read = createVisitorReader({
		secretKey: "sk_secret",
		request: (path, init) => {
			expect(new Headers(init.headers).get("authorization")).toBe("Bearer sk_secret");
			asked.push(path);
			if (path.endsWith("/identity")) return Response.json({ links: [{ kind: "event" }] });
			if (path.includes("/events")) return Response.json({ data: [{ messageId: "m1" }] });
			return Response.json({ id: "pro_1" });
		},
	});
	const view = await read("a/b c");
	expect(asked[0]).toBe("/v1/profiles/anonymous_id%3Aa%2Fb%20c");
	expect(view).toEqual({
		anonymousId: "a/b c",
		profile: { id: "pro_1" },
		events: [{ messageId: "m1" }],
		links: [{ kind: "event" }],
	});
	expect(JSON.stringify(view)).not.toContain("sk_secret");
});
