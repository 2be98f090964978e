import type { JsonObject } from "@selfsame/protocol";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createProxyTrust, rateKeyOf, truncateAddress } from "../src/auth/createProxyTrust.ts";
import { askRaw } from "./askRaw.ts";
import { basic, startCollector, type TestCollector, track, webKey, writeKey } from "./startCollector.ts";

const reader = (headers: Record<string, string>) => (name: string) => headers[name];

describe("the sender's address behind trusted proxies", () => {
	const { clientAddress } = createProxyTrust(["127.0.0.1", "10.0.0.0/8", "fd00::/8"]);
	const longest = `for=203.0.113.7, ${'for="\\'.repeat(2_000)}`;

	it.each<[string, Record<string, string>, string]>([
		["plain", { "x-forwarded-for": "203.0.113.7" }, "203.0.113.7"],
		["with a port", { "x-forwarded-for": "203.0.113.7:51234" }, "203.0.113.7"],
		["with ports on the way", { "x-forwarded-for": "203.0.113.7:51234, 10.1.2.3:80" }, "203.0.113.7"],
		["IPv6", { "x-forwarded-for": "2001:db8::1" }, "2001:db8::1"],
		["IPv6 in brackets", { "x-forwarded-for": "[2001:db8::1]" }, "2001:db8::1"],
		["IPv6 with a port", { "x-forwarded-for": "[2001:db8::1]:443" }, "2001:db8::1"],
		["IPv6 with a zone", { "x-forwarded-for": "fe80::1%eth0" }, "fe80::1"],
		["IPv4 as IPv6", { "x-forwarded-for": "[::ffff:203.0.113.7]:80" }, "203.0.113.7"],
		["in quotes", { "x-forwarded-for": '"203.0.113.7"' }, "203.0.113.7"],
		["between spaces and empty elements", { "x-forwarded-for": " , 203.0.113.7 ,,\t10.0.0.1 , " }, "203.0.113.7"],
		["through proxies of both kinds", { "x-forwarded-for": "203.0.113.7, fd00::5, 10.0.0.1" }, "203.0.113.7"],
		["a lie further away", { "x-forwarded-for": "6.6.6.6, 203.0.113.7" }, "203.0.113.7"],
		["empty", { "x-forwarded-for": "" }, "127.0.0.1"],
		["a number that is no address", { "x-forwarded-for": "2130706433" }, "127.0.0.1"],
		["octal", { "x-forwarded-for": "0313.0.0161.7" }, "127.0.0.1"],
		["hidden", { "x-forwarded-for": "203.0.113.7, unknown, 10.0.0.1" }, "10.0.0.1"],
		["Forwarded", { forwarded: "for=203.0.113.7" }, "203.0.113.7"],
		["Forwarded, in capitals, with more", { forwarded: "Proto=https; FOR = 203.0.113.7:9;by=10.0.0.1" }, "203.0.113.7"],
		["Forwarded, IPv6", { forwarded: 'for="[2001:db8:cafe::17]:4711"' }, "2001:db8:cafe::17"],
		["Forwarded, several", { forwarded: 'for=6.6.6.6, for=203.0.113.7;host="a,b;c", for=10.0.0.1' }, "203.0.113.7"],
		["Forwarded, escaped", { forwarded: 'for="203.0.113\\.7"' }, "203.0.113.7"],
		["Forwarded, hidden", { forwarded: "for=203.0.113.7, for=_secret, for=10.0.0.1" }, "10.0.0.1"],
		["Forwarded, without an address", { forwarded: "proto=https" }, "127.0.0.1"],
		["Forwarded, a quote without end", { forwarded: 'for=6.6.6.6, for="10.0.0.1, for=203.0.113.7' }, "127.0.0.1"],
		["Forwarded, as long as a header may be", { forwarded: longest }, "127.0.0.1"],
		[
			"both: a proxy writes the one and passes the other on",
			{ "x-forwarded-for": "203.0.113.7", forwarded: "for=6.6.6.6" },
			"203.0.113.7",
		],
	])("%s", (_, headers, address) => {
		expect(clientAddress("127.0.0.1", reader(headers))).toBe(address);
		expect(clientAddress("::ffff:127.0.0.1", reader(headers))).toBe(address);
		expect(clientAddress("198.51.100.1", reader(headers))).toBe("198.51.100.1");
	});

	it.each([
		["::ffff:10.0.0.0/104", "10.200.3.4"],
		["::ffff:10.0.0.5", "10.0.0.5"],
		["10.0.0.5", "::ffff:10.0.0.5"],
		["10.1.2.3/8", "10.9.9.9"],
		["2001:db8::/32", "2001:db8:ffff::1"],
		["fe80::/10", "fe80::1%eth0"],
		["0.0.0.0/0", "203.0.113.1"],
	])("%s covers %s", (network, peer) => {
		expect(createProxyTrust([network]).isTrusted(peer)).toBe(true);
		expect(createProxyTrust([network]).isTrusted("2001:db9::1")).toBe(false);
	});

	it("counts and cuts addresses as they are, however they were written", () => {
		expect(rateKeyOf("[2001:db8:1:2:3:4:5:6]:443")).toBe(rateKeyOf("2001:db8:1:2::9"));
		expect(rateKeyOf("203.0.113.7:80")).toBe(rateKeyOf("203.0.113.7"));
		expect(truncateAddress("203.0.113.7:80")).toBe("203.0.113.0");
		expect(truncateAddress("1")).toBeUndefined();
	});
});

let collector: TestCollector;
let below: TestCollector;
beforeAll(async () => {
	collector = await startCollector({ config: { trustedProxies: ["127.0.0.1"] } });
	below = await startCollector({ config: { publicUrl: "https://shop.example/collect/" } });
});
afterAll(() => Promise.all([collector.stop(), below.stop()]));

type Settings = { integrations: { "Segment.io": { apiHost: string; protocol: string } } };
const settingsOf = async (server: TestCollector, headers: Record<string, string> = {}, base = "") => {
	const { body } = await server.call<Settings>(`${base}/v1/projects/${webKey}/settings`, { headers });
	const { apiHost, protocol } = body.integrations["Segment.io"];
	return `${protocol}://${apiHost}`;
};

describe("the address that clients are told to send to", () => {
	const host = { "x-forwarded-host": "events.shop.example" };

	it.each<[string, Record<string, string>, string]>([
		["https", { ...host, "x-forwarded-proto": "https" }, "https://events.shop.example/v1"],
		[
			"a list, as two proxies in a row make it",
			{ ...host, "x-forwarded-proto": "https,http" },
			"https://events.shop.example/v1",
		],
		["a list with spaces", { ...host, "x-forwarded-proto": "https, https" }, "https://events.shop.example/v1"],
		["an empty element", { ...host, "x-forwarded-proto": ", https" }, "https://events.shop.example/v1"],
		["capitals", { ...host, "x-forwarded-proto": "HTTPS" }, "https://events.shop.example/v1"],
		["what is no scheme", { ...host, "x-forwarded-proto": "javascript" }, "http://events.shop.example/v1"],
		["a list of hosts", { "x-forwarded-host": "a.example, b.example" }, "http://a.example/v1"],
		[
			"a host with a port",
			{ "x-forwarded-host": "a.example:8443", "x-forwarded-proto": "https" },
			"https://a.example:8443/v1",
		],
		[
			"a port apart",
			{ "x-forwarded-host": "a.example", "x-forwarded-port": "8443", "x-forwarded-proto": "https" },
			"https://a.example:8443/v1",
		],
		[
			"the scheme's own port apart",
			{ "x-forwarded-host": "a.example", "x-forwarded-port": "443", "x-forwarded-proto": "https" },
			"https://a.example/v1",
		],
		["IPv6", { "x-forwarded-host": "[2001:db8::1]:8443" }, "http://[2001:db8::1]:8443/v1"],
		["a prefix", { ...host, "x-forwarded-prefix": "/collect/" }, "http://events.shop.example/collect/v1"],
		[
			"a prefix that is another host",
			{ ...host, "x-forwarded-prefix": "//evil.example" },
			"http://events.shop.example/v1",
		],
		["Forwarded", { forwarded: 'for=203.0.113.7;proto=https;host="a.example:8443"' }, "https://a.example:8443/v1"],
		[
			"Forwarded of the proxy that is trusted, not of one beyond",
			{ forwarded: "proto=http;host=evil.example;for=6.6.6.6, for=203.0.113.7;proto=https;host=a.example" },
			"https://a.example/v1",
		],
	])("%s", async (_, headers, address) => {
		expect(await settingsOf(collector, headers)).toBe(address);
	});

	it.each([["a b.example"], ["a.example/path"], ["user@a.example"], ["[::"], ["a.example:99999"], [""]])(
		"is not %j",
		async (host) => {
			expect(await settingsOf(collector, { "x-forwarded-host": host })).toBe(`${collector.url}/v1`);
		},
	);

	it("is the one that is configured, with its path", async () => {
		const told = { ...host, "x-forwarded-proto": "http" };
		expect(await settingsOf(below, told)).toBe("https://shop.example/collect/v1");
	});

	it("is the request's own where no proxy is trusted", async () => {
		const direct = await startCollector();
		expect(await settingsOf(direct, { ...host, "x-forwarded-proto": "https" })).toBe(`${direct.url}/v1`);
		await direct.stop();
	});
});

/** Sends what a proxy that keeps the host in its place would send. */
const ask = async (server: TestCollector, line: string, headers: string[] = [], body = ""): Promise<number> => {
	const own = [`Host: x.example:8080`, `Authorization: ${basic(writeKey).authorization}`];
	const length = headers.some((header) => /^transfer-encoding/i.test(header)) ? [] : [`Content-Length: ${body.length}`];
	return (await askRaw(server.port, line, [...own, ...length, ...headers], body)).status;
};

const event: JsonObject = track({ userId: "slashes", batch: [] });
const body = JSON.stringify(event);

describe("paths", () => {
	it.each([
		["/v1/track"],
		["//v1/track"],
		["///v1///track//"],
		["/v1/track/"],
		["//api/s/track"],
		["/api/s//s2s/track/"],
		["/v1/batch/"],
		["/v1//batch"],
		["/beacon/v1/batch/"],
		["/v1/m/"],
		["/v1/%74rack"],
		["/v1%2Ftrack"],
		["/v1/track/?x=//"],
		["http://x.example/v1/track"],
		["HTTP://x.example:8080//v1/track/?x"],
	])("POST %s brings an event", async (path) => {
		expect(await ask(collector, `POST ${path}`, [], body)).toBe(200);
	});

	it.each([["/collect/v1/track"], ["//collect//v1/track/"], ["/v1/track"], ["/collect/api/s/track"]])(
		"POST %s does below a path too, whether or not a proxy takes it off",
		async (path) => {
			expect(await ask(below, `POST ${path}`, [], body)).toBe(200);
		},
	);

	it.each([
		["/collect/health", 200],
		["/collect//health/", 200],
		["/collect/openapi.json", 200],
		["/collect/v1/stats", 401],
		["/v1/stats", 401],
		["/collect", 404],
		["/collected/health", 404],
	])("GET %s is %i there", async (path, status) => {
		expect((await fetch(below.url + path)).status).toBe(status);
	});

	it.each([
		["//v1/projects/KEY/settings", 200],
		["/v1/projects/KEY/settings/", 200],
		["//sourceConfig//?writeKey=KEY", 200],
		["//health", 200],
		["/ready/", 200],
		["//v1/stats", 401],
		["/v1//stats", 404],
		["/v1/trackers", 404],
	])("GET %s is %i", async (path, status) => {
		const { status: got } = await fetch(collector.url + path.replace("KEY", webKey));
		expect(got).toBe(status);
	});

	it.each(["OPTIONS", "GET", "PUT", "DELETE"])("%s is answered so that a page can read it", async (method) => {
		for (const path of ["/v1/batch", "//v1/batch/", "/api/s/track", "/v1/m", "/sourceConfig/"]) {
			if (method === "GET" && path.startsWith("/sourceConfig")) continue;
			const { status, headers } = await fetch(collector.url + path, {
				method,
				headers: { origin: "https://a.example" },
			});
			expect([path, status]).toEqual([path, method === "OPTIONS" ? 204 : 405]);
			expect(headers.get("access-control-allow-origin")).toBe("*");
		}
	});

	it("have no open CORS where people are read", async () => {
		const { headers } = await fetch(`${collector.url}/v1/profiles`, { method: "PUT" });
		expect(headers.get("access-control-allow-origin")).toBeNull();
	});
});

describe("a host that is none", () => {
	it.each(["Host: a b", "Host: [::1", "Host: shop.example:", "Host: münchen.example"])(
		"is told so, and keeps no event from coming in: %s",
		async (host) => {
			const { status, head, body: answer } = await askRaw(collector.port, "GET /v1/stats", [host]);
			expect([status, head]).toEqual([400, expect.stringContaining("application/problem+json")]);
			expect(JSON.parse(answer)).toMatchObject({ code: "invalid_request" });
			const { authorization } = basic(writeKey);
			const headers = [host, `Authorization: ${authorization}`, `Content-Length: ${body.length}`];
			expect((await askRaw(collector.port, "POST //v1/track", headers, body)).status).toBe(200);
		},
	);
});

describe("what else proxies do", () => {
	it.each([
		["cut the body into chunks", ["Transfer-Encoding: chunked"], `${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`],
		["say the length twice", [`Content-Length: ${body.length}`], body],
		["add lines of their own", ["X-Forwarded-For: 203.0.113.1", "X-Forwarded-For: 203.0.113.2", "Via: 1.1 a"], body],
	])("%s", async (_, headers, sent) => {
		const status = await ask(collector, "POST /v1/track", headers, sent);
		expect(status).toBe(headers[0]?.startsWith("Content-Length") ? 400 : 200);
	});

	it("reads the address from several lines as from one", async () => {
		await collector.setOptions("server", { ip: "kept" });
		const lines = ["X-Forwarded-For: 203.0.113.9", "X-Forwarded-For: 127.0.0.1"];
		await ask(collector, "POST /v1/track", lines, JSON.stringify(track({ userId: "lines" })));
		expect((await collector.events("user_id:lines"))[0]?.context).toMatchObject({ ip: "203.0.113.9" });
	});
});
