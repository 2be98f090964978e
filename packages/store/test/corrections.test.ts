import { defaultIdentityConfig } from "@selfsame/identity";
import type { AcceptedEvent, Claims, EventType, Identifier } from "@selfsame/protocol";
import { verifyStore } from "@selfsame/store";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openTempStore, type TempStore } from "./tempStore.ts";

const identity = {
	...defaultIdentityConfig,
	identifiers: { ...defaultIdentityConfig.identifiers, email: { priority: 2, limit: 5 } },
};
let temp: TempStore;
let count = 0;
beforeEach(async () => {
	temp = await openTempStore(identity);
});
afterEach(async () => {
	const { differences } = await verifyStore(temp.url, { identity }, () => {});
	expect(differences, "a database that is told everything again has the same profiles").toEqual([]);
	await temp.remove();
});

/** The corrections are made at this time; what is dated later lies ahead. */
const now = 1_000;
const by = (at: number) => ({ actor: "test", reason: "a test", at });
function event(timestamp: number, claims: Claims, type: EventType = "track"): AcceptedEvent {
	count += 1;
	const core = { source: "shop", trust: "server", messageId: `m${count}`, type, name: "E", payload: "{}" } as const;
	return { ...core, timestamp, receivedAt: timestamp, claims };
}
const user = (value: string): Identifier => ({ type: "user_id", value });
const device = (value: string): Identifier => ({ type: "anonymous_id", value });
const email = (value: string): Identifier => ({ type: "email", value });
const idOf = async (identifier: Identifier) => (await temp.store.findProfile(identifier))?.id;
const areOne = async (a: Identifier, b: Identifier) => (await idOf(a)) === (await idOf(b));
const unlink = (identifier: Identifier, from: Identifier, at = now) =>
	temp.store.correct({ kind: "unlink", identifier, from }, by(at));
const unmerge = (userId: string, at = now) => temp.store.correct({ kind: "unmerge", userId }, by(at));

/** Links of two, whatever made them, and what takes each away. */
const links: {
	name: string;
	make: (at: number) => AcceptedEvent;
	undo: () => Promise<void>;
	a: Identifier;
	b: Identifier;
}[] = [
	{
		name: "unlink of a device from its user",
		make: (at) => event(at, { userId: "u", anonymousId: "d" }),
		undo: () => unlink(device("d"), user("u")),
		a: user("u"),
		b: device("d"),
	},
	{
		name: "unlink of a user from the device",
		make: (at) => event(at, { userId: "u", anonymousId: "d" }),
		undo: () => unlink(user("u"), device("d")),
		a: user("u"),
		b: device("d"),
	},
	{
		name: "unlink of a device from the email that led",
		make: (at) => event(at, { anonymousId: "d", emails: ["e@x.io"] }),
		undo: () => unlink(device("d"), email("e@x.io")),
		a: email("e@x.io"),
		b: device("d"),
	},
	{
		name: "unlink of two users whom an alias joined",
		make: (at) => event(at, { userId: "u", previousId: "v" }, "alias"),
		undo: () => unlink(user("v"), user("u")),
		a: user("u"),
		b: user("v"),
	},
	{
		name: "unmerge of the user that an alias names by its userId",
		make: (at) => event(at, { userId: "u", previousId: "v" }, "alias"),
		undo: () => unmerge("u"),
		a: user("u"),
		b: user("v"),
	},
	{
		name: "unmerge of the user that an alias names by its previousId",
		make: (at) => event(at, { userId: "u", previousId: "v" }, "alias"),
		undo: () => unmerge("v"),
		a: user("u"),
		b: user("v"),
	},
	{
		name: "unmerge of a user from the device that an alias names",
		make: (at) => event(at, { userId: "u", previousId: "d" }, "alias"),
		undo: () => unmerge("u"),
		a: user("u"),
		b: device("d"),
	},
	{
		name: "unmerge by the name of the device that an alias names",
		make: (at) => event(at, { userId: "u", previousId: "d" }, "alias"),
		undo: () => unmerge("d"),
		a: user("u"),
		b: device("d"),
	},
	{
		name: "unlink of the device that an alias names",
		make: (at) => event(at, { userId: "u", previousId: "d" }, "alias"),
		undo: () => unlink(device("d"), user("u")),
		a: user("u"),
		b: device("d"),
	},
];

describe("a correction", () => {
	const own = () => [
		event(1, { userId: "u" }),
		event(2, { userId: "v" }),
		event(3, { anonymousId: "d" }),
		event(4, { emails: ["e@x.io"] }),
	];

	it.each(links)("undoes a link that is dated later than now, up to there and no farther: $name", async (link) => {
		const { make, undo, a, b } = link;
		const tomorrow = make(now + 500);
		await temp.store.ingest([...own(), make(10), tomorrow]);
		expect(await areOne(a, b)).toBe(true);
		await undo();
		expect(await areOne(a, b), "the link ahead").toBe(false);
		await temp.store.ingest([tomorrow, make(now + 200), make(now + 500)]);
		expect(await areOne(a, b), "sent again, and late ones").toBe(false);
		await temp.store.ingest([make(now + 501)]);
		expect(await areOne(a, b), "newer evidence").toBe(true);
	});

	it.each(links)("reaches as far as now where all that it names is older: $name", async ({ make, undo, a, b }) => {
		await temp.store.ingest([...own(), make(10)]);
		await undo();
		await temp.store.ingest([make(now - 1)]);
		expect(await areOne(a, b)).toBe(false);
		await temp.store.ingest([make(now)]);
		expect(await areOne(a, b)).toBe(true);
	});

	it("is undone by a merge that a person makes after it, though the correction reaches farther", async () => {
		await temp.store.ingest([...own(), event(now + 500, { userId: "u", previousId: "v" }, "alias")]);
		await unmerge("u");
		expect(await areOne(user("u"), user("v"))).toBe(false);
		await temp.store.correct({ kind: "merge", userId: "u", otherUserId: "v" }, by(now + 1));
		expect(await areOne(user("u"), user("v"))).toBe(true);
		await unmerge("v", now + 1);
		expect(await areOne(user("u"), user("v")), "unmerged within the same millisecond").toBe(false);
	});

	it("is made when it is made: earlier times know nothing of it, later ones see all that it undid", async () => {
		await temp.store.ingest([...own(), event(now + 500, { userId: "u", anonymousId: "d" })]);
		await unlink(device("d"), user("u"));
		const heldAt = async (asOf: number) =>
			(await temp.store.findProfile(user("u"), { asOf }))?.identifiers.some(({ type }) => type === "anonymous_id");
		expect(await heldAt(now - 1)).toBe(false);
		expect(await heldAt(now + 600)).toBe(false);
	});

	it.each(links)("holds for the name, also after a deletion that comes before its end: $name", async (link) => {
		const { make, undo, a, b } = link;
		await temp.store.ingest([...own(), make(now + 500)]);
		await undo();
		for (const one of [a, b]) await temp.store.deleteProfile(one, { suppress: false, dryRun: false }, by(now + 100));
		await temp.store.ingest([...own().map((event) => ({ ...event, timestamp: now + 150 })), make(now + 200)]);
		expect(await idOf(a)).toBeDefined();
		expect(await areOne(a, b), "late evidence").toBe(false);
		await temp.store.ingest([make(now + 501)]);
		expect(await areOne(a, b), "newer evidence").toBe(true);
	});
});
