import { describe, expect, it } from "vitest";
import { findOptionFaults } from "../src/auth/sourceOptions.ts";

const faultsOf = (options: unknown) => findOptionFaults(options).join("\n");
const secrets = { "2026-01": "x".repeat(32) };

describe("allowedOrigins", () => {
	it.each([
		["https://shop.example"],
		["http://localhost:3000"],
		["http://127.0.0.1"],
		["https://[::1]:8443"],
		["https://shop.example:8443"],
		["http://shop.example:443"],
		["https://xn--mnchen-3ya.example"],
		["https://shop_1.example"],
		["https://shop.example."],
		["capacitor://localhost"],
		["ionic://localhost"],
		["tauri://localhost"],
		["https://tauri.localhost"],
		["app://obsidian.md"],
		["app://."],
		["vscode-webview://1qo2e8jf0rcpc4vrb4l9v1k0m6i6a6vs"],
		["chrome-extension://abcdefghijklmnop"],
		["moz-extension://1c2d3e4f-0000-4000-8000-000000000000"],
		["safari-web-extension://E8B5A1C0-0000-4000-8000-000000000000"],
		["file://"],
		["null"],
	])("takes what browsers and web views send: %s", (origin) => {
		expect(faultsOf({ allowedOrigins: [origin] })).toBe("");
	});

	it.each([
		["*", "unset it"],
		["https://*.shop.example", "wildcards match nothing"],
		["http://localhost:*", "wildcards match nothing"],
		["https://shop.example:*", "wildcards match nothing"],
		["*.shop.example", "wildcards match nothing"],
		["https://shop.example/", "browsers send `https://shop.example`"],
		["https://shop.example/cart?x#y", "browsers send `https://shop.example`"],
		["https://shop.example:443", "browsers send `https://shop.example`"],
		["http://shop.example:80", "browsers send `http://shop.example`"],
		["HTTPS://Shop.Example", "browsers send `https://shop.example`"],
		["https://münchen.example", "browsers send `https://xn--mnchen-3ya.example`"],
		["https://me@shop.example", "browsers send `https://shop.example`"],
		["http://127.1", "browsers send `http://127.0.0.1`"],
		["http://[0:0::1]:80", "browsers send `http://[::1]`"],
		["https:\\\\shop.example", "`https://shop.example`"],
		["shop.example", "write `https://shop.example`"],
		["//shop.example", "write `https://shop.example`"],
		["localhost:3000", "write `http://localhost:3000`"],
		["127.0.0.1:3000", "write `http://127.0.0.1:3000`"],
		["https://", "no origin"],
		["https://shop..example", "no origin"],
		["https://shop.example:99999", "no origin"],
		[" https://shop.example", "one origin each"],
		["https://a.example,https://b.example", "one origin each"],
		["https://a.example https://b.example", "one origin each"],
		["wss://shop.example", "`https://shop.example`"],
		["ws://localhost:3000", "`http://localhost:3000`"],
		["about:blank", "send `null`"],
		["data:text/html,x", "one origin each"],
		["blob:https://shop.example", "send `null`"],
		["NULL", "scheme"],
		["", "scheme"],
		["capacitor://localhost/", "browsers send `capacitor://localhost`"],
		["Capacitor://localhost", "browsers send `capacitor://localhost`"],
		["chrome-extension://ABCDEF/popup.html", "browsers send `chrome-extension://abcdef`"],
		["chrome-extension://", "no origin"],
		["file:///index.html", "browsers send `file://`"],
		["app://münchen", "no origin"],
	])("refuses %j, which no browser sends, and says what is", (origin, right) => {
		const faults = faultsOf({ allowedOrigins: ["https://ok.example", origin] });
		expect(faults).toContain(`allowedOrigins: ${JSON.stringify(origin)}: `);
		expect(faults).toContain(right);
		expect(faults).not.toContain("ok.example:");
	});

	it("refuses none at all", () => {
		expect(faultsOf({ allowedOrigins: [] })).toContain("allowedOrigins: it names no origin");
	});
});

describe("the other options", () => {
	const origins = ["https://www.shop.example"];

	it.each([
		[{ serverCookie: { origins, domain: "shop.example" } }],
		[{ serverCookie: { origins, domain: "www.shop.example" } }],
		[{ serverCookie: { origins: ["http://localhost:3000"] } }],
		[{ allowedOrigins: origins, serverCookie: { origins } }],
		[{ rateLimit: { perKey: 0.001 } }],
		[{ identityVerification: "enforce", identitySecrets: secrets }],
		[{ identityVerification: "monitor" }],
		[{ ip: "off" }],
	])("take %j", (options) => {
		expect(faultsOf(options)).toBe("");
	});

	it.each([
		["https://events.shop.example/collect", ""],
		["https://shop.example", ""],
		["https://events.example", "publicUrl is not under it"],
	])("take a cookie's domain where the collector is at %s, or refuse it", (publicUrl, fault) => {
		const faults = findOptionFaults({ serverCookie: { origins, domain: "shop.example" } }, publicUrl);
		expect(faults).toEqual(fault === "" ? [] : [expect.stringContaining(fault)]);
	});

	it.each([
		[{ serverCookie: { origins: ["https://shop.example/"] } }, "serverCookie.origins", "`https://shop.example`"],
		[{ serverCookie: { origins: [] } }, "serverCookie.origins", ""],
		[{ serverCookie: { origins: ["null"] } }, 'serverCookie.origins: "null"', "http and https"],
		[{ serverCookie: { origins: ["capacitor://localhost"] } }, "serverCookie.origins", "http and https"],
		[
			{ serverCookie: { origins, domain: ".shop.example" } },
			'serverCookie.domain: ".shop.example"',
			"write `shop.example`",
		],
		[{ serverCookie: { origins, domain: "*.shop.example" } }, "serverCookie.domain", "write `shop.example`"],
		[{ serverCookie: { origins, domain: "Shop.example" } }, "serverCookie.domain", "write `shop.example`"],
		[{ serverCookie: { origins, domain: "https://shop.example/" } }, "serverCookie.domain", "write `shop.example`"],
		[{ serverCookie: { origins, domain: "shop.example:443" } }, "serverCookie.domain", "write `shop.example`"],
		[{ serverCookie: { origins, domain: "münchen.example" } }, "serverCookie.domain", "write `xn--mnchen-3ya.example`"],
		[{ serverCookie: { origins, domain: "localhost" } }, "serverCookie.domain", "leave the domain out"],
		[{ serverCookie: { origins, domain: "127.0.0.1" } }, "serverCookie.domain", "leave the domain out"],
		[
			{ serverCookie: { origins, domain: "other.example" } },
			"serverCookie.origins",
			"not under the domain other.example",
		],
		[{ serverCookie: { origins, domain: "op.example" } }, "serverCookie.origins", "not under the domain"],
		[
			{ allowedOrigins: ["https://a.example"], serverCookie: { origins } },
			"serverCookie.origins",
			"allowedOrigins first",
		],
		[{ rateLimit: {} }, "rateLimit", '{"perKey": 1000}'],
		[{ rateLimit: { perKey: 0.0001 } }, "rateLimit.perKey: 0.0001", "from 0.001"],
		[{ rateLimit: { perAddress: 1e9 } }, "rateLimit.perAddress: 1000000000", "to 1000000"],
		[{ rateLimit: { perKey: 0 } }, "rateLimit.perKey", ""],
		[{ identityVerification: "enforce" }, 'identityVerification: "enforce"', "identitySecrets '{"],
		[{ identityVerification: "enforce", identitySecrets: {} }, "identitySecrets", "names no secret"],
		[{ identitySecrets: { k: "short" } }, "identitySecrets.k", "at least 32"],
		[{ ip: "some" }, 'ip: "some"', "truncated"],
		[{ identityVerification: "on" }, 'identityVerification: "on"', "enforce"],
		[{ allowedOrigins: "https://shop.example" }, 'allowedOrigins: "https://shop.example"', "write a list"],
		[{ identitySecrets: [secrets["2026-01"]] }, "identitySecrets", 'write {"2026-01"'],
		[{ ips: "off" }, "options", "ips"],
	])("refuse %j, which would do nothing or something else", (options, name, right) => {
		expect(faultsOf(options)).toContain(name);
		expect(faultsOf(options)).toContain(right);
		expect(faultsOf(options)).not.toContain(secrets["2026-01"]);
	});
});
