import { defaultIdentityConfig, type IdentityConfig } from "@selfsame/identity";
import type { AcceptedEvent, Claims, EventType } from "@selfsame/protocol";
import { profileIdOf, verifyStore } from "@selfsame/store";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openTempStore, type TempStore } from "./tempStore.ts";

const identity: IdentityConfig = { ...defaultIdentityConfig, maxUsersPerAnonymousId: 2 };
let temp: TempStore;
let count = 0;
beforeEach(async () => {
	temp = await openTempStore(identity);
});
afterEach(async () => {
	const { differences } = await verifyStore(temp.url, { identity }, () => {});
	expect(differences).toEqual([]);
	await temp.remove();
});

function event(timestamp: number, claims: Claims, type: EventType = "track"): AcceptedEvent {
	count += 1;
	const core = { source: "shop", trust: "server", messageId: `m${count}`, type, name: "E", payload: "{}" } as const;
	return { ...core, timestamp, receivedAt: timestamp, claims };
}
/** What a page sends, with the key that is public. `proven` left out: an older version stored it. */
function pageEvent(timestamp: number, claims: Claims, proven?: boolean, type: EventType = "track"): AcceptedEvent {
	const sent = { ...event(timestamp, claims, type), source: "web", trust: "client" } as const;
	return proven === undefined ? sent : { ...sent, proven };
}
const seen = (timestamp: number, userId: string) => event(timestamp, { userId, anonymousId: "till" });
const send = async (...events: AcceptedEvent[]) => {
	for (const one of events) await temp.store.ingest([one]);
};
const idOf = async (type: string, value: string) => (await temp.store.findProfile({ type, value }))?.id;
const by = (at: number) => ({ actor: "test", reason: "a test", at });
const tillIsShared = async () => {
	const till = await temp.store.findProfile({ type: "anonymous_id", value: "till" });
	return till?.identifiers.length === 1 && till.identifiers[0]?.type === "anonymous_id";
};

describe("how many users an anonymous id was seen with", () => {
	it("counts a user whose link a correction takes away, also one that comes after it", async () => {
		await send(event(1, { anonymousId: "till" }), seen(2, "u1"), seen(3, "u2"));
		const [identifier, from] = [
			{ type: "anonymous_id", value: "till" },
			{ type: "user_id", value: "u3" },
		];
		await temp.store.correct({ kind: "unlink", identifier, from }, by(100));
		expect(await tillIsShared()).toBe(false);
		await send(seen(50, "u3"));
		expect(await tillIsShared()).toBe(true);
	});

	it("counts a user who has it by an alias once it comes in one event with it, and no sooner", async () => {
		await send(event(1, { anonymousId: "till" }), event(2, { userId: "u1", previousId: "till" }, "alias"));
		await send(seen(3, "u2"), event(4, { userId: "u4", previousId: "till" }, "alias"), seen(5, "u3"));
		expect(await tillIsShared()).toBe(false);
		await send(seen(6, "u1"));
		expect(await tillIsShared()).toBe(true);
	});

	it("counts a user who had it by an alias, and in events since, before another one came", async () => {
		await send(event(1, { anonymousId: "till" }), event(2, { userId: "u1", previousId: "till" }, "alias"));
		await send(seen(3, "u1"), seen(4, "u2"));
		expect(await tillIsShared()).toBe(false);
		await send(seen(5, "u3"));
		expect(await tillIsShared()).toBe(true);
	});

	it("counts aliased users apart", async () => {
		await send(event(1, { anonymousId: "till" }), event(2, { userId: "u1", previousId: "u2" }, "alias"));
		await send(seen(3, "u1"), seen(4, "u2"), event(5, { userId: "u2", previousId: "u3" }, "alias"));
		expect(await idOf("anonymous_id", "till")).toBe(await idOf("user_id", "u3"));
		await send(seen(6, "u3"));
		expect(await tillIsShared()).toBe(true);
	});
});

describe("an alias of a believed source, whose previousId is a device", () => {
	const device = { anonymousId: "dev" };
	const alias = () => event(3, { userId: "u1", previousId: "dev" }, "alias");
	const known = () => [event(1, device), event(2, { userId: "u1" }), alias()];
	const isLinked = async () => (await idOf("anonymous_id", "dev")) === (await idOf("user_id", "u1"));
	const isMerged = async () => (await idOf("user_id", "dev")) === (await idOf("user_id", "u1"));

	it("links the device still, though a stranger sends its id as a userId, earlier or later", async () => {
		await send(pageEvent(1, { userId: "dev", anonymousId: "mallory" }, false), ...known());
		expect([await isLinked(), await isMerged()]).toEqual([true, false]);
		await send(pageEvent(9, { userId: "dev" }, false));
		expect([await isLinked(), await isMerged()]).toEqual([true, false]);
		expect((await temp.store.findProfile({ type: "user_id", value: "dev" }))?.eventCount).toBe(2);
	});

	it.each([
		["a server sends it as one", () => event(9, { userId: "dev" })],
		["a page proves it", () => pageEvent(9, { userId: "dev" }, true)],
		["an older version stored it from a page", () => pageEvent(9, { userId: "dev" })],
	])("merges users once its id is one for sure: %s", async (_, sighting) => {
		await send(...known(), pageEvent(8, { userId: "dev" }, false));
		expect([await isLinked(), await isMerged()]).toEqual([true, false]);
		await send(sighting());
		expect([await isLinked(), await isMerged()]).toEqual([false, true]);
	});

	it("links the device again when what was for sure is deleted", async () => {
		await temp.store.putSource({ id: "shop", name: "Shop", trust: "server", options: {}, writeKeys: ["wk_leaked"] });
		await send(...known(), pageEvent(8, { userId: "dev" }, false));
		await send({ ...event(9, { userId: "dev" }), writeKey: "wk_leaked" });
		expect([await isLinked(), await isMerged()]).toEqual([false, true]);
		await temp.store.purge({ key: "wk_leaked", since: 0 }, { dryRun: false }, by(100));
		expect([await isLinked(), await isMerged()]).toEqual([true, false]);
	});

	it("was nothing but a device before it was a user for sure", async () => {
		await send(pageEvent(1, { userId: "dev" }, false), ...known(), event(9, { userId: "dev" }));
		const devicesAt = async (asOf: number) =>
			(await temp.store.findProfile({ type: "user_id", value: "u1" }, { asOf }))?.identifiers.map(({ type }) => type);
		expect(await devicesAt(8)).toEqual(["user_id", "anonymous_id"]);
		expect(await devicesAt(9)).toEqual(["user_id", "user_id"]);
	});

	it("of a page says of anybody's userId that it is a user", async () => {
		await send(event(1, device), event(2, { userId: "u1" }));
		await send(pageEvent(3, { userId: "u1", previousId: "dev" }, true, "alias"));
		expect(await isLinked()).toBe(true);
		await send(pageEvent(9, { userId: "dev" }, false));
		expect([await isLinked(), await isMerged()]).toEqual([false, false]);
	});
});

describe("the id of a previousId", () => {
	const alias = () => event(3, { userId: "u1", previousId: "dev" }, "alias");
	const ids = [profileIdOf({ type: "user_id", value: "dev" }), profileIdOf({ type: "anonymous_id", value: "dev" })];
	const found = async (at = {}) => Promise.all(ids.map(async (id) => (await temp.store.findProfile({ id }, at))?.id));

	it("resolves under either reading, whichever it turns out to be", async () => {
		await send(alias());
		const merged = await idOf("user_id", "u1");
		expect(await found()).toEqual([merged, merged]);
		await send(event(5, { anonymousId: "dev" }));
		const linked = await idOf("user_id", "u1");
		expect(await found()).toEqual([linked, linked]);
		expect(await found({ asOf: 4 })).toEqual([merged, merged]);
		await send(event(6, { userId: "dev" }));
		expect(await found()).toEqual([await idOf("user_id", "dev"), await idOf("anonymous_id", "dev")]);
	});

	it("names whoever is to be deleted or corrected as well", async () => {
		await send(alias(), event(5, { anonymousId: "dev" }));
		const [id = ""] = ids;
		expect((await temp.store.explainIdentity({ id }))?.identifiers.length).toBe(2);
		const receipt = await temp.store.deleteProfile({ id }, { suppress: false, dryRun: false }, by(9));
		expect(receipt).toMatchObject({ erasedEvents: 2, identifiers: 2 });
		expect(await found()).toEqual([undefined, undefined]);
	});
});
