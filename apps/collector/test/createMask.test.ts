import type { JsonObject } from "@selfsame/protocol";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createMask, MASKED } from "../src/privacy/createMask.ts";

const mask = createMask(["email", "phone", "name", "firstName", "company.vat", "customer_no"]);
const traits = (value: JsonObject) => mask.profile({ traits: value }).traits;

describe("createMask", () => {
	it.each([
		[{ firstName: 1 }, { firstName: MASKED }],
		[
			{ first_name: null, "First Name": [1], FIRSTNAME: { a: 1 } },
			{ first_name: MASKED, "First Name": MASKED, FIRSTNAME: MASKED },
		],
		[
			{ company: { vat: "x", size: 3 }, vat: "y" },
			{ company: { vat: MASKED, size: 3 }, vat: "y" },
		],
		[{ list: [[{ phone: 1, ok: 2 }]] }, { list: [[{ phone: MASKED, ok: 2 }]] }],
		[
			{ plan: "pro", surname: "x", emailed: true },
			{ plan: "pro", surname: "x", emailed: true },
		],
		[{ note: "a@b.co, c.d+e@f.example.org; ö@ü.de" }, { note: "***, ***; ***" }],
		[{ url: "https://x.example/?to=a%40b.co&y" }, { url: "https://x.example/?to=***&y" }],
		[
			{ handle: "@ada", at: "3 @ 4", mention: "@ada.b" },
			{ handle: "@ada", at: "3 @ 4", mention: "@ada.b" },
		],
		[{ "a@b.co": true }, { "***": true }],
	])("makes of %j %j", (value, expected) => {
		expect(traits(value as JsonObject)).toEqual(expected);
	});

	it("masks identifiers of a personal type, and addresses in others", () => {
		expect(mask.identifier({ type: "email", value: "odd" }).value).toBe(MASKED);
		expect(mask.identifier({ type: "customerNo", value: "7" }).value).toBe(MASKED);
		expect(mask.identifier({ type: "user_id", value: "7" }).value).toBe("7");
		expect(mask.identifier({ type: "user_id", value: "a@b.co" }).value).toBe(MASKED);
		expect(createMask(["phone"]).identifier({ type: "user_id", value: "a@b.co" }).value).toBe("a@b.co");
	});

	it("refuses filters that ask about what is masked", () => {
		for (const filter of [
			{ trait: "email", eq: "x" },
			{ all: [{ any: [{ not: { trait: "first_name", exists: true } }] }] },
			{ trait: "friends.name", eq: "x" },
			{ trait: "name.first", eq: "x" },
			{ trait: "odd\\\\.email", eq: "x" },
			{ trait: "e\\.mail", eq: "x" },
			{ trait: "company.vat", eq: "x" },
			{ trait: "contacts", contains: "a@b.co" },
			{ trait: "contact", eq: { phone: "+44 1" } },
			{ trait: "contacts", in: [[{ deep: { first_name: "Ada" } }]] },
			{ did: "Order", where: { prop: "phone", eq: 1 } },
			{ did: "Order", agg: "unique_count", of: "email", value: { gt: 1 } },
			{ sequence: [{ did: "a" }, { did: "b", same: "email" }] },
			// Of an address inside of a text, part by part.
			{ trait: "note", contains: "@shop" },
			{ not: { did: "Order", where: { prop: "note", starts: "call ada%40" } } },
		])
			expect([filter, mask.hidesIn(filter)]).toEqual([filter, true]);
		for (const filter of [
			{ trait: "plan", eq: "email" },
			{ did: "name", where: { prop: "total", gt: 1 } },
			{ trait: "company\\.vats", eq: "x" },
			{ trait: "note", contains: "shop" },
		])
			expect([filter, mask.hidesIn(filter)]).toEqual([filter, false]);
	});

	it("leaves no value under a personal key, and everything else as it was", () => {
		const leaf = fc.oneof(fc.integer(), fc.boolean(), fc.constant(null), fc.stringMatching(/^[a-z ]{0,8}$/));
		const key = fc.oneof(fc.constantFrom("email", "Phone", "first_name"), fc.stringMatching(/^[b-d][a-z]{0,5}$/));
		const { tree } = fc.letrec((tie) => ({
			tree: fc.dictionary(key, fc.oneof({ maxDepth: 4 }, leaf, tie("tree"), fc.array(tie("tree"), { maxLength: 3 })), {
				maxKeys: 4,
			}),
		}));
		fc.assert(
			fc.property(tree as fc.Arbitrary<JsonObject>, (value) => {
				// The plain way: mark what must go, then compare.
				const plain = JSON.parse(JSON.stringify(value), function (at, inner) {
					return ["email", "Phone", "first_name"].includes(at) && !Array.isArray(this) ? MASKED : inner;
				});
				expect(traits(value)).toEqual(plain);
			}),
		);
	});

	it("takes no longer than its text for one that is nearly an address", () => {
		const long = `${"a".repeat(100_000)}@${"b.".repeat(1)}${"a".repeat(100_000)}%40${"c".repeat(100_000)}`;
		// Trying every start to its end would take minutes.
		expect(mask.text(long).length).toBeGreaterThan(200_000);
	});
});
