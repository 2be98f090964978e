import { describe, expect, it } from "vitest";
import { checkGivenKeys } from "../src/auth/checkGivenKeys.ts";
import { toIdentityConfig } from "../src/config.ts";
import { ConfigError, configJsonSchema, parseConfig, readConfig, readEnvironment } from "../src/index.ts";

describe("the configuration", () => {
	it("has defaults for all of it", () => {
		expect(parseConfig({})).toMatchObject({ blockedValues: [], maxUsersPerAnonymousId: 20, futureSkewSeconds: 86_400 });
		expect(toIdentityConfig(parseConfig({})).identifiers).toEqual({
			user_id: { priority: 1, limit: 1 },
			anonymous_id: { priority: 100, limit: null },
		});
	});

	it("tells identity how many are a crowd", () => {
		const most = { maxUsersPerIdentifier: 100, maxIdentifiersPerUser: 1_000 };
		expect(toIdentityConfig(parseConfig({}))).toMatchObject(most);
		const few = { maxUsersPerIdentifier: 7, maxIdentifiersPerUser: 8 };
		expect(toIdentityConfig(parseConfig(few))).toMatchObject(few);
	});

	it("adds identifier types, each with what it leaves out", () => {
		const identifiers = { email: {}, shopify_id: {}, "ios.idfa": { priority: 10, limit: null }, crm: { limit: 1 } };
		expect(toIdentityConfig(parseConfig({ identifiers })).identifiers).toEqual({
			user_id: { priority: 1, limit: 1 },
			email: { priority: 2, limit: 5 },
			"ios.idfa": { priority: 10, limit: null },
			shopify_id: { priority: 50, limit: 5 },
			crm: { priority: 50, limit: 1 },
			anonymous_id: { priority: 100, limit: null },
		});
	});

	it.each([
		[{ blockedValue: [] }, /blockedValue: unknown key.*"blockedValues"/],
		[{ identifier: {} }, /Did you mean "identifiers"/],
		[{ zzz: 1 }, /Known keys: identifiers, /],
		[{ identifiers: { email: { prioritty: 3 } } }, /identifiers\.email\.prioritty: unknown key.*"priority"/],
		[{ rejected: { maxCont: 3 } }, /"maxCount"/],
		[{ identifiers: { crm: { priority: 2 } } }, /identifiers\.crm\.priority must be 3 to 99/],
		[{ identifiers: { crm: { priority: 100 } } }, /3 to 99/],
		[{ identifiers: { email: { priority: 1 } } }, /2 to 99/],
		[{ identifiers: { crm: { priority: 3.5 } } }, /identifiers\.crm\.priority/],
		[{ identifiers: { crm: { limit: 0 } } }, /identifiers\.crm\.limit/],
		[{ identifiers: { crm: { limit: -1 } } }, /identifiers\.crm\.limit/],
		[{ identifiers: { user_id: { limit: 2 } } }, /built in/],
		[{ identifiers: { anonymous_id: { limit: 5 } } }, /built in/],
		[{ identifiers: { "a b": {} } }, /identifiers/],
		[{ identifiers: { __proto__x: { limit: "5" } } }, /limit/],
		[{ maxUsersPerAnonymousId: 0 }, /maxUsersPerAnonymousId/],
		[{ maxUsersPerIdentifier: 0 }, /maxUsersPerIdentifier/],
		[{ maxIdentifiersPerUser: 1.5 }, /maxIdentifiersPerUser/],
		[{ maxIdentifierPerUser: 5 }, /"maxIdentifiersPerUser"/],
		[{ futureSkewSeconds: -1 }, /futureSkewSeconds/],
		[{ identifiers: JSON.parse('{"__proto__": {}}') }, /identifiers/],
		[{ futureSkewSeconds: 1e12 }, /futureSkewSeconds: 1000000000000: at most ten years/],
		[{ rejected: { maxAgeDays: 1e9 } }, /rejected\.maxAgeDays: 1000000000: at most 100 years/],
		[{ queueBytes: 1 }, /queueBytes: 1: at least 8 MiB/],
		[{ trustedProxies: ["everyone"] }, /trustedProxies\.0: "everyone": .*A name is none.*`10\.0\.0\.0\/8`/],
		[{ trustedProxies: ["*"] }, /"\*": .*`10\.0\.0\.0\/8`/],
		[{ trustedProxies: [""] }, /trustedProxies\.0/],
		[{ trustedProxies: ["localhost"] }, /by their address/],
		[{ trustedProxies: ["10.0.0.1:80"] }, /Write `10\.0\.0\.1`/],
		[{ trustedProxies: ["[::1]"] }, /Write `::1`/],
		[{ trustedProxies: ["[::1]:80/64"] }, /Write `::1\/64`/],
		[{ trustedProxies: ["fe80::1%eth0"] }, /Write `fe80::1`/],
		[{ trustedProxies: [" 10.0.0.1"] }, /Write `10\.0\.0\.1`/],
		[{ trustedProxies: ["10.0.0.0/33"] }, /IPv4 has at most 32 bits/],
		[{ trustedProxies: ["2001:db8::/129"] }, /IPv6 has at most 128 bits/],
		[{ trustedProxies: ["10.0.0/8"] }, /no address/],
		[{ trustedProxies: ["010.0.0.1"] }, /no address/],
		[{ trustedProxies: ["10.0.0.1-10.0.0.9"] }, /no address/],
		[{ trustedProxies: ["10.0.0.0/255.0.0.0"] }, /no address/],
		[{ trustedProxies: ["::ffff:10.0.0.0/8"] }, /Write `10\.0\.0\.0\/8`/],
		[{ publicUrl: "shop.example" }, /publicUrl: "shop\.example": .*`https:\/\/shop\.example\/collect`/],
		[{ publicUrl: "ftp://shop.example" }, /publicUrl/],
		[{ publicUrl: "https://*.shop.example" }, /publicUrl/],
		[{ publicUrl: "https://shop.example?x=1" }, /write `https:\/\/shop\.example`/],
		[{ publicUrl: "https://shop.example/collect/#x" }, /write `https:\/\/shop\.example\/collect`/],
		[{ publicUrl: "https://me:secret@shop.example" }, /write `https:\/\/shop\.example`/],
		[{ publicUrl: "https://shop.example/collect/v1/batch" }, /write `https:\/\/shop\.example\/collect`/],
		[{ publicUrl: "http://0.0.0.0:4600" }, /nobody reaches/],
		[{ blockedValues: [" demo "] }, /blockedValues\.0: " demo ": .*write "demo"/],
		[{ blockedValues: ["ok", '"demo"'] }, /blockedValues\.1: .*write "demo"/],
		[{ blockedValues: [""] }, /leave it out/],
		[{ blockedValues: ["''"] }, /leave it out/],
		[{ blockedValues: ["a\0"] }, /U\+FFFD/],
		[{ blockedValues: ["\ud800"] }, /U\+FFFD/],
		[{ blockedValues: ["x".repeat(1_025)] }, /at most 1024/],
		[{ blockedValues: ["€".repeat(700)] }, /2048 bytes/],
		[{ personalTraits: ["phone", "_"] }, /personalTraits\.1: "_"/],
		[{ trustedProxies: "10.0.0.0/8" }, /trustedProxies: "10\.0\.0\.0\/8": write a list such as/],
		[{ blockedValues: "demo" }, /blockedValues: "demo": write a list such as \["demo"\]/],
		[{ blockedValues: [0] }, /blockedValues\.0: 0: write a text/],
		[{ identifiers: ["email"] }, /identifiers: \["email"\]: write \{"email": \{\}\}/],
		[{ personalTraits: [""] }, /personalTraits\.0/],
		[[], /object/],
	])("refuses %j and says why", (value, message) => {
		expect(() => parseConfig(value)).toThrow(ConfigError);
		expect(() => parseConfig(value)).toThrow(message);
	});

	it.each([
		[{ trustedProxies: ["127.0.0.1", "::1", "10.0.0.0/8", "10.1.2.3/8", "2001:DB8::/32", "::ffff:10.0.0.1"] }],
		[{ publicUrl: "https://shop.example/collect/" }],
		[{ publicUrl: "http://[::1]:4600" }],
		[{ blockedValues: ["Demo", "o'brien", "*", "a b"] }],
		[{ personalTraits: ["address.street", "Größe", "$phone"] }],
		[{ identifiers: { constructor: { priority: 7 }, toString: {} } }],
	])("takes %j", (value: Record<string, object | string>) => {
		expect(parseConfig(value)).toMatchObject(value);
		for (const type of Object.keys(value.identifiers ?? {}))
			expect(Object.keys(toIdentityConfig(parseConfig(value)).identifiers)).toContain(type);
	});

	it("names the file that cannot be read", () => {
		expect(() => readConfig("/nowhere/selfsame.json")).toThrow("/nowhere/selfsame.json");
	});

	it("publishes its schema", () => {
		expect(configJsonSchema()).toMatchObject({
			type: "object",
			additionalProperties: false,
			properties: { identifiers: {} },
		});
	});
});

describe("the keys of the environment", () => {
	const long = "x".repeat(16);
	const given = (host: string, writeKey?: string, apiKey?: string) => checkGivenKeys({ host, writeKey, apiKey });

	it.each(["127.0.0.1", "127.1.2.3", "::1", "localhost", "LOCALHOST"])("may be short on %s, with a warning", (host) => {
		expect(given(host, "short", long)).toEqual([expect.stringContaining("SELFSAME_WRITE_KEY has fewer than 16")]);
		expect(given(host, long, long)).toEqual([]);
		expect(given(host)).toEqual([]);
	});

	it.each(["0.0.0.0", "::", "192.0.2.1", "::ffff:192.0.2.1", "shop.example", "localhost.example"])(
		"are refused on %s when they are short",
		(host) => {
			expect(given(host, long, long)).toEqual([]);
			expect(() => given(host, "x".repeat(15))).toThrow(/SELFSAME_WRITE_KEY has fewer than 16.*HOST/);
			expect(() => given(host, "a", "b")).toThrow(/SELFSAME_WRITE_KEY and SELFSAME_API_KEY have/);
		},
	);
});

describe("the environment", () => {
	it("has defaults, and takes an empty variable for none", () => {
		const defaults = { port: 4_600, host: "127.0.0.1", databaseUrl: "file:./data/selfsame.db", logLevel: "info" };
		expect(readEnvironment({})).toMatchObject(defaults);
		expect(readEnvironment({ PORT: "", HOST: "", DATABASE_URL: "", SELFSAME_WRITE_KEY: "" })).toMatchObject(defaults);
	});

	it.each([
		[{ PORT: "x" }, /PORT/],
		[{ PORT: "70000" }, /PORT/],
		[{ DATABASE_URL: "mysql://x" }, /DATABASE_URL/],
		[{ SELFSAME_WRITE_KEY: "a:b" }, /SELFSAME_WRITE_KEY/],
		[{ SELFSAME_API_KEY: "a b" }, /SELFSAME_API_KEY/],
		[{ LOG_LEVEL: "loud" }, /LOG_LEVEL/],
		[{ HOST: "http://0.0.0.0" }, /HOST/],
		[{ HOST: "0.0.0.0:4600" }, /HOST/],
		[{ HOST: "[::1]" }, /HOST.*::1/],
		[{ HOST: "*" }, /HOST/],
	])("refuses %j and names the variable", (env, message) => {
		expect(() => readEnvironment(env)).toThrow(message);
	});
});
