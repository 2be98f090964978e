import { describe, expect, it } from "vitest";
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
		[{ futureSkewSeconds: -1 }, /futureSkewSeconds/],
		[{ trustedProxies: ["everyone"] }, /trustedProxies/],
		[{ publicUrl: "shop.example" }, /publicUrl/],
		[[], /object/],
	])("refuses %j and says why", (value, message) => {
		expect(() => parseConfig(value)).toThrow(ConfigError);
		expect(() => parseConfig(value)).toThrow(message);
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
	])("refuses %j and names the variable", (env, message) => {
		expect(() => readEnvironment(env)).toThrow(message);
	});
});
