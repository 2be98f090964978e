import { createHmac } from "node:crypto";
import { describe, expect, test } from "vitest";
import { signIdentity as signAtTheEdge } from "../../src/edge/index.ts";
import { signIdentity } from "../../src/node/index.ts";
import { readTime } from "../../src/server/events/readTime.ts";
import { maskUrl } from "../../src/server/visitor/maskUrl.ts";
import { readVisitor } from "../../src/server/visitor/visitor.ts";

const fetchRequest = (headers: Record<string, string>, url = "https://shop.test/cart?x=1", method = "GET") =>
	new Request(url, { headers, method });

describe("readVisitor", () => {
	test.each([
		["ours", "a=1; selfsame_id=an-1; ajs_anonymous_id=other", "an-1"],
		["ours, encoded", "selfsame_id=a%20b", "a b"],
		["Segment's", "ajs_anonymous_id=an-2", "an-2"],
		["Segment's, quoted", "ajs_anonymous_id=%22an-3%22", "an-3"],
		["broken encoding", "selfsame_id=%zz", "%zz"],
		["one that only ends alike", "not_selfsame_id=x", undefined],
		["an empty one", "selfsame_id=; ajs_anonymous_id=an-4", "an-4"],
		["one too long to be an id", `selfsame_id=${"x".repeat(1_025)}`, undefined],
	])("the anonymous id of %s", (_name, cookie, id) => {
		expect(readVisitor({ headers: { cookie } }).anonymousId).toBe(id);
	});

	test("a page load: its own URL, secrets masked", () => {
		const request = fetchRequest(
			{
				accept: "text/html",
				"user-agent": "UA",
				"accept-language": "de-AT,de;q=0.9",
				referer: "https://a.test/?token=s",
			},
			"https://shop.test/cart?x=1&email=a@b.c",
		);
		expect(readVisitor(request).context).toEqual({
			userAgent: "UA",
			locale: "de-AT",
			page: {
				url: "https://shop.test/cart?x=1&email=masked",
				path: "/cart",
				search: "?x=1&email=masked",
				referrer: "https://a.test/?token=masked",
			},
		});
	});

	test("a call of a page: the page that made it", () => {
		const request = fetchRequest({ accept: "application/json", referer: "https://shop.test/cart" }, undefined, "POST");
		expect(readVisitor(request).context.page).toEqual({ url: "https://shop.test/cart", path: "/cart", search: "" });
	});

	test("a Node request, an Express request", () => {
		const headers = { host: "shop.test", accept: "text/html" };
		expect(readVisitor({ method: "GET", url: "/a", headers }).context.page).toMatchObject({
			url: "http://shop.test/a",
		});
		const express = {
			method: "GET",
			url: "/a",
			originalUrl: "/mounted/a",
			headers: { ...headers, "x-forwarded-proto": "https" },
		};
		expect(readVisitor(express).context.page).toMatchObject({ url: "https://shop.test/mounted/a" });
	});

	test.each([
		["a public peer is the visitor", { peer: "203.0.113.9", header: "198.51.100.7" }, "203.0.113.9"],
		["a private peer is a proxy", { peer: "10.1.2.3", header: "198.51.100.7, 10.9.9.9" }, "198.51.100.7"],
		[
			"what the visitor wrote left of it is not believed",
			{ peer: "10.1.2.3", header: "8.8.8.8, 198.51.100.7" },
			"198.51.100.7",
		],
		["nor behind what is no address", { peer: "10.1.2.3", header: "8.8.8.8, unknown, 10.0.0.1" }, "10.0.0.1"],
		["two proxies", { peer: "10.1.2.3", header: "6.6.6.6, 198.51.100.7, 203.0.113.1", trustProxy: 2 }, "198.51.100.7"],
		["more proxies than addresses", { peer: "10.1.2.3", header: "198.51.100.7", trustProxy: 3 }, "10.1.2.3"],
		["no proxy", { peer: "10.1.2.3", header: "198.51.100.7", trustProxy: 0 }, "10.1.2.3"],
		["a network of its own", { peer: "10.1.2.3", header: "10.7.7.7, 10.8.8.8" }, "10.8.8.8"],
		["with a port", { peer: "127.0.0.1", header: "198.51.100.7:51234" }, "198.51.100.7"],
		["IPv6 in brackets with a port", { peer: "127.0.0.1", header: "[2001:db8::1]:443" }, "2001:db8::1"],
		["a zone", { peer: "fe80::1%eth0", header: "2001:db8::1" }, "2001:db8::1"],
		["empty places", { peer: "127.0.0.1", header: " , 198.51.100.7 ," }, "127.0.0.1"],
		["carrier-grade NAT is no visitor", { peer: "100.64.0.1", header: "198.51.100.7" }, "198.51.100.7"],
		["IPv4 in IPv6", { peer: "::ffff:127.0.0.1", header: "198.51.100.7" }, "198.51.100.7"],
		["no header", { peer: "::ffff:127.0.0.1" }, "127.0.0.1"],
		["no peer", { header: "2001:db8::1" }, "2001:db8::1"],
		["nonsense", { header: "<script>" }, undefined],
		["trustProxy off", { peer: "10.1.2.3", header: "198.51.100.7", trustProxy: false }, "10.1.2.3"],
		["trustProxy on", { peer: "203.0.113.9", header: "198.51.100.7", trustProxy: true }, "198.51.100.7"],
	])(
		"the address: %s",
		(_name, { peer, header, trustProxy }: { peer?: string; header?: string; trustProxy?: boolean | number }, ip) => {
			const headers = header ? { "x-forwarded-for": header } : {};
			expect(readVisitor({ headers, socket: { remoteAddress: peer } }, { trustProxy }).context.ip).toBe(ip);
		},
	);
});

test.each(["null", "%22null%22", "undefined", "0", "[object%20Object]", "x".repeat(1_025)])(
	"a cookie that says %s names nobody",
	(value) => {
		for (const name of ["selfsame_id", "ajs_anonymous_id"]) {
			expect(readVisitor({ headers: { cookie: `${name}=${value}` } }).anonymousId).toBeUndefined();
		}
	},
);

test("Cloudflare's header counts where no peer is shown, as in its Workers, and nowhere else", () => {
	const headers = { "cf-connecting-ip": "198.51.100.7" };
	expect(readVisitor({ headers }).context.ip).toBe("198.51.100.7");
	expect(readVisitor({ headers, socket: { remoteAddress: "10.1.2.3" } }).context.ip).toBe("10.1.2.3");
	expect(readVisitor({ headers }, { trustProxy: false }).context.ip).toBeUndefined();
});

describe("maskUrl", () => {
	test.each([
		["?token=abc&x=1", "?token=masked&x=1"],
		["?a=1&access_token=abc#id_token=def&b=2", "?a=1&access_token=masked#id_token=masked&b=2"],
		["?next=/in?token=abc&x=1", "?next=/in?token=masked&x=1"],
		["?token=a?b=c&x=1", "?token=masked&x=1"],
		["?user[api-key]=abc", "?user[api-key]=masked"],
		["?to%6ben=abc", "?to%6ben=masked"],
		["?token=&x=%", "?token=&x=%"],
		["?codec=mp3&sidebar=1&author=x", "?codec=mp3&sidebar=1&author=x"],
		["?Email=a@b.co", "?Email=masked"],
	])("%s", (query, masked) => {
		expect(maskUrl(`https://shop.test/a${query}`)).toBe(`https://shop.test/a${masked}`);
	});
});

/** Each would take minutes, were it read by a pattern that goes back. The suite's own time limit is what fails then. */
test("a megabyte of the worst text is read in one go", () => {
	const long = (text: string) => text.repeat(1_000_000 / text.length);
	for (const text of [
		"a",
		"?",
		"&",
		"=",
		"?a",
		"token",
		"?token",
		"%",
		"?%",
		"-token-",
		'"',
		'""a',
		", ",
		";",
		"; ",
		"1.",
		"[",
		":",
	]) {
		const worst = long(text);
		maskUrl(`https://shop.test/?${worst}`);
		maskUrl(`https://shop.test/?${worst}=`);
		readVisitor({
			url: `/${worst}`,
			headers: {
				accept: "text/html",
				host: "shop.test",
				cookie: `selfsame_id=${worst}`,
				"x-forwarded-for": worst,
				"accept-language": worst,
				referer: `https://shop.test/${worst}`,
			},
		});
		readTime(worst);
	}
});

describe("signIdentity", () => {
	const claims = { secret: "s3cret", keyId: "k1", userId: "u1", source: "web", email: "a@b.co", expiresIn: 60 };
	const decode = (part: string | undefined) => JSON.parse(Buffer.from(part ?? "", "base64url").toString());

	test.each([
		["node", signIdentity],
		["edge", signAtTheEdge],
	])("%s: a JWT with HS256 that anyone with the secret can check", async (_name, sign) => {
		const [head, body, signature] = (await sign(claims)).split(".");
		expect(decode(head)).toEqual({ alg: "HS256", typ: "JWT", kid: "k1" });
		const { iat, exp, ...rest } = decode(body);
		expect(rest).toEqual({ sub: "u1", aud: "web", email: "a@b.co" });
		expect(exp - iat).toBe(60);
		expect(Math.abs(iat - Date.now() / 1_000)).toBeLessThan(30);
		expect(signature).toBe(createHmac("sha256", "s3cret").update(`${head}.${body}`).digest("base64url"));
	});

	test.each([
		["no secret", { ...claims, secret: "" }],
		["no user", { ...claims, userId: "" }],
		["no source", { ...claims, source: undefined }],
		["more than an hour", { ...claims, expiresIn: 3_601 }],
	])("%s is a TypeError", (_name, wrong) => {
		expect(() => signIdentity(wrong as never)).toThrow(TypeError);
	});
});
