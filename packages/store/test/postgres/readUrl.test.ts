import { describe, expect, it } from "vitest";
import { readPostgresUrl } from "../../src/postgres/readUrl.ts";

const base = "postgres://user:pa%40ss@db.example:5433/shop";

describe("a database URL of PostgreSQL", () => {
	it("has defaults for all that is Selfsame's", () => {
		expect(readPostgresUrl(base)).toEqual({
			connectionString: base,
			schema: "selfsame",
			poolSize: 10,
			connectTimeout: 10_000,
			statementTimeout: 30_000,
			checksDurability: true,
		});
	});

	it("keeps what is Selfsame's from the driver, and hands it the rest", () => {
		const ours = "schema=shop_1&pool_size=3&connect_timeout=2&statement_timeout=500&durability=unchecked";
		expect(readPostgresUrl(`${base}?${ours}&sslmode=verify-full&application_name=a`)).toEqual({
			connectionString: `${base}?sslmode=verify-full&application_name=a`,
			schema: "shop_1",
			poolSize: 3,
			connectTimeout: 2_000,
			statementTimeout: 500,
			checksDurability: false,
		});
	});

	it.each([
		["?schema=Shop", /`schema`/],
		["?schema=a;drop", /`schema`/],
		["?schema=pg_catalog", /`schema`/],
		["?pool_size=1", /`pool_size`.* from 2/],
		["?pool_size=many", /`pool_size`/],
		["?statement_timeout=5s", /`statement_timeout`/],
		["?durability=off", /`durability`/],
		["?shema=shop", /"shema".*schema, pool_size/],
	])("refuses %s, and says no password", (query, message) => {
		expect(() => readPostgresUrl(base + query)).toThrow(message);
		expect(() => readPostgresUrl(base + query)).not.toThrow(/pa%40ss|pa@ss/);
	});

	it.each(["postgres://us er@[::1", "mysql://x"])("refuses %s", (url) => {
		expect(() => readPostgresUrl(url)).toThrow(/DATABASE_URL must be postgres:/);
	});
});
