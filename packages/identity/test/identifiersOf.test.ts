import { createBlocked, defaultIdentityConfig, type IdentityConfig, identifiersOf } from "@selfsame/identity";
import type { Claims, EventType, Trust } from "@selfsame/protocol";
import { describe, expect, it } from "vitest";
import { normaliseEmail } from "../src/normalise.ts";

const config: IdentityConfig = {
	identifiers: {
		...defaultIdentityConfig.identifiers,
		email: { priority: 2, limit: 5 },
		shop_id: { priority: 10, limit: 1 },
		device_id: { priority: 10, limit: 5 },
	},
	blockedValues: ["Dev-User"],
	maxUsersPerAnonymousId: 20,
	maxUsersPerIdentifier: 100,
	maxIdentifiersPerUser: 1_000,
};
const blocked = createBlocked(config);
const read = (claims: Claims, type: EventType = "track", trust: Trust = "server") =>
	identifiersOf({ type, trust, claims }, config, blocked);
const names = (claims: Claims, type?: EventType, trust?: Trust) =>
	read(claims, type, trust).identifiers.map(({ type: kind, value }) => `${kind}:${value}`);

describe("the identifiers of an event", () => {
	it.each([
		[" u1 ", "u1"],
		[`"'u1'"`, "u1"],
		[`' "u1" '`, "u1"],
		[`"u1'`, `"u1'`],
		["O'Neil", "O'Neil"],
		["'", "'"],
		[42, "42"],
		[1e21, "1e+21"],
		[-0.5, "-0.5"],
	])("%j is one spelling of %s", (raw, value) => {
		expect(names({ userId: raw })).toEqual([`user_id:${value}`]);
	});

	it.each([
		"",
		"  ",
		'""',
		"NULL",
		"undefined",
		"NaN",
		"0",
		"0000-0000",
		"--",
		"[Object object]",
		"(Not Set)",
		"n/a",
		"-1",
		"dev-user",
		"' guest '",
	])("%j names nobody", (value) => {
		expect(names({ userId: value, anonymousId: "a" })).toEqual(["anonymous_id:a"]);
		expect(read({ userId: "u", previousId: value }, "alias").previousId).toBeUndefined();
		expect(read({ userId: "u", groupId: value }, "group").groupId).toBeUndefined();
	});

	it("sorts by priority, then type, then value, and names each once", () => {
		const claims = {
			anonymousId: "a",
			userId: "u",
			emails: ["Z@x.io", " z@X.io ", "b@x.io"],
			externalIds: [
				{ type: "shop_id", id: "2" },
				{ type: "device_id", id: "d" },
				{ type: "shop_id", id: "1" },
			],
		};
		expect(names(claims)).toEqual([
			"user_id:u",
			"email:b@x.io",
			"email:z@x.io",
			"device_id:d",
			"shop_id:1",
			"shop_id:2",
			"anonymous_id:a",
		]);
	});

	it("takes only what looks like an email for one, and none from a group", () => {
		expect(names({ emails: ["no", "a@b", "a b@c.io", "a@b.io"] })).toEqual(["email:a@b.io"]);
		expect(names({ anonymousId: "a", emails: ["a@b.io"] }, "group")).toEqual(["anonymous_id:a"]);
	});

	it("ignores external ids of reserved and of unknown types, prototype names among them", () => {
		const types = ["user_id", "anonymous_id", "email", "unheard_of", "__proto__", "constructor", "toString"];
		expect(names({ externalIds: types.map((type) => ({ type, id: "a@b.io" })) })).toEqual([]);
	});

	it("believes a client source only its user and anonymous ids", () => {
		const claims = { userId: "u", anonymousId: "a", emails: ["a@b.io"], externalIds: [{ type: "shop_id", id: "1" }] };
		expect(names(claims, "track", "client")).toEqual(["user_id:u", "anonymous_id:a"]);
	});

	it("reads a previousId only off an alias that names a user", () => {
		expect(read({ userId: "u", previousId: ' "p" ' }, "alias").previousId).toBe("p");
		expect(read({ anonymousId: "a", previousId: "p" }, "alias").previousId).toBeUndefined();
		expect(read({ userId: "u", previousId: "p" }, "track").previousId).toBeUndefined();
	});
});

describe("an email", () => {
	it("has the shape that the rule says, whatever stands in it", () => {
		const shape = /^[^@\s]+@[^@\s]+\.[^@\s]+$/;
		const letters = ["a", "@", ".", " "];
		for (let number = 0; number < 4 ** 7; number++) {
			const text = [...number.toString(4)].map((digit) => letters[Number(digit)]).join("");
			const value = text.trim();
			expect(normaliseEmail(text), text).toBe(shape.test(value) ? value : null);
		}
	});

	it("is told from a text of a million dots in one pass", () => {
		expect(normaliseEmail(`x@${".".repeat(1_000_000)}@`)).toBeNull();
		expect(normaliseEmail(`x@${"a.".repeat(500_000)}b c`)).toBeNull();
	});
});
