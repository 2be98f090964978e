import { expect, test } from "vitest";
import { normalizeCall } from "../../src/core/normalizeCall.ts";

const callback = () => {};
const options = { context: { ip: "0.0.0.0" }, integrations: { All: false }, timestamp: "2026-01-01T00:00:00Z" };
const applied = { context: { ip: "0.0.0.0" }, integrations: { All: false }, timestamp: "2026-01-01T00:00:00Z" };

test.each([
	["track", ["Bought"], { event: "Bought", properties: {} }],
	["track", ["Bought", { price: 1 }, options, callback], { event: "Bought", properties: { price: 1 }, ...applied }],
	["track", ["Bought", null, options], { event: "Bought", properties: {}, ...applied }],
	["track", ["Bought", callback], { event: "Bought", properties: {} }],
	[
		"track",
		["Bought", {}, { ip: "1.1.1.1", traits: { plan: "a" } }],
		{ context: { ip: "1.1.1.1", traits: { plan: "a" } } },
	],
	["identify", ["u1", { name: "A" }], { userId: "u1", traits: { name: "A" } }],
	["identify", [7], { userId: 7, traits: {} }],
	["identify", [{ name: "A" }, options], { traits: { name: "A" }, ...applied }],
	["identify", [null, { name: "A" }], { traits: { name: "A" } }],
	["identify", ["u1", callback], { userId: "u1", traits: {} }],
	["page", [], { properties: {} }],
	["page", ["Home"], { name: "Home", properties: { name: "Home" } }],
	[
		"page",
		["Docs", "Home", { a: 1 }, options],
		{ category: "Docs", name: "Home", properties: { a: 1, name: "Home", category: "Docs" }, ...applied },
	],
	["page", ["Home", { a: 1 }], { name: "Home", properties: { a: 1, name: "Home" } }],
	["page", [null, "Home", { a: 1 }], { name: "Home", properties: { a: 1, name: "Home" } }],
	["page", [{ a: 1 }, options, callback], { properties: { a: 1 }, ...applied }],
	["screen", ["Start"], { name: "Start", properties: { name: "Start" } }],
	["group", ["g1", { seats: 3 }, options], { groupId: "g1", traits: { seats: 3 }, ...applied }],
	["group", [{ seats: 3 }], { traits: { seats: 3 } }],
	["alias", ["new", "old", options], { userId: "new", previousId: "old", ...applied }],
	["alias", ["new", options], { userId: "new", ...applied }],
	["alias", ["new", null, options], { userId: "new", ...applied }],
	["alias", ["new", callback], { userId: "new" }],
] as const)("%s(%j)", (type, args, expected) => {
	const [input, found] = normalizeCall(type, args as readonly unknown[]);
	expect(input).toMatchObject({ type, ...expected });
	for (const key of ["userId", "previousId", "groupId", "name", "category"] as const) {
		if (!(key in expected)) expect(input[key]).toBeUndefined();
	}
	expect(found).toBe((args as readonly unknown[]).includes(callback) ? callback : undefined);
});

test("nothing of the caller's is changed, and strange arguments do not throw", () => {
	const properties = Object.freeze({ a: 1 });
	expect(() => normalizeCall("page", ["Home", properties])).not.toThrow();
	for (const args of [[], [undefined], [null, null, null, null], [42], [true], [[]], [{}, {}, {}, {}]]) {
		for (const type of ["track", "identify", "page", "screen", "group", "alias"] as const) {
			expect(() => normalizeCall(type, args)).not.toThrow();
		}
	}
});
