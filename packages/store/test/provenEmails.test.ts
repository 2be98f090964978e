import { defaultIdentityConfig, type IdentityConfig } from "@selfsame/identity";
import type { AcceptedEvent, Claims, Trust } from "@selfsame/protocol";
import { verifyStore } from "@selfsame/store";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openTempStore, type TempStore } from "./tempStore.ts";

const identity: IdentityConfig = {
	...defaultIdentityConfig,
	identifiers: { ...defaultIdentityConfig.identifiers, email: { priority: 2, limit: 5 } },
};
let temp: TempStore;
let count = 0;
beforeEach(async () => {
	temp = await openTempStore(identity);
});
afterEach(() => temp.remove());

function event(claims: Claims, trust: Trust = "client"): AcceptedEvent {
	count += 1;
	const core = { source: "web", trust, messageId: `m${count}`, type: "track", name: "E", payload: "{}" } as const;
	return { ...core, timestamp: count, receivedAt: count, claims };
}
const idOf = async (type: string, value: string) => (await temp.store.findProfile({ type, value }))?.id;

describe("an email that a token vouched for", () => {
	it("identifies from a client source, normalised, where one in traits does not", async () => {
		await temp.store.ingest([event({ anonymousId: "reader", emails: ["a@b.co"] }, "server")]);
		await temp.store.ingest([event({ userId: "u1", emails: ["a@b.co"] })]);
		expect(await idOf("user_id", "u1")).not.toBe(await idOf("anonymous_id", "reader"));
		await temp.store.ingest([event({ userId: "u1", provenEmails: [" A@b.co"] })]);
		expect(await idOf("user_id", "u1")).toBe(await idOf("anonymous_id", "reader"));
	});

	it("leaves no trace where its person is deleted, and verify accepts what is left", async () => {
		await temp.store.ingest([event({ userId: "u1", provenEmails: ["secret@b.co"] })]);
		await temp.store.ingest([event({ userId: "u2", provenEmails: ["secret@b.co"] })]);
		expect(await idOf("email", "secret@b.co")).toBe(await idOf("user_id", "u2"));
		const by = { actor: "test", reason: "a test", at: 100 };
		await temp.store.deleteProfile({ type: "user_id", value: "u2" }, { suppress: false, dryRun: false }, by);
		const left = await temp.store.findProfile({ type: "user_id", value: "u1" });
		expect(left?.eventCount).toBe(1);
		expect(JSON.stringify(left)).not.toContain("secret");
		const { differences } = await verifyStore(temp.url, { identity }, () => {});
		expect(differences).toEqual([]);
	});
});
