import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { defaultIdentityConfig } from "@selfsame/identity";
import type { AcceptedEvent } from "@selfsame/protocol";
import { sqliteFile } from "@selfsame/store";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openTempStore, type TempStore } from "./tempStore.ts";

const config = {
	...defaultIdentityConfig,
	identifiers: {
		...defaultIdentityConfig.identifiers,
		email: { priority: 2, limit: 5 },
		shop_id: { priority: 10, limit: 5 },
	},
};

let made = 0;
function event(timestamp: number, claims: AcceptedEvent["claims"], rest: Partial<AcceptedEvent> = {}): AcceptedEvent {
	made += 1;
	return {
		source: "server",
		trust: "server",
		messageId: `message-${made}`,
		type: "track",
		timestamp,
		receivedAt: timestamp,
		claims,
		payload: JSON.stringify({ context: {} }),
		...rest,
	};
}

/** Names no other word could be mistaken for. */
const secrets = [
	"ZEBRA-user",
	"ZEBRA-phone",
	"zebra@example.org",
	"ZEBRA-shop",
	"ZEBRA-name",
	"ZEBRA-page",
	"ZEBRA-letter",
];

describe("a deleted person's data", () => {
	it("is gone from the file also where an alias or a correction named it under another reading", async () => {
		const own = { userId: "ZEBRA-user", anonymousId: "ZEBRA-phone" };
		await temp.store.ingest([
			event(1, own),
			event(2, { userId: "ZEBRA-user", previousId: "ZEBRA-phone" }, { type: "alias" }),
			event(3, { userId: "ZEBRA-user", previousId: "ZEBRA-shop" }, { type: "alias" }),
			event(4, { userId: "other" }),
		]);
		const by = { actor: "test", reason: "a test", at: 1_000 };
		const person = { type: "user_id", value: "ZEBRA-user" };
		await temp.store.deleteProfile(person, { suppress: false, dryRun: false }, { ...by, at: 2_000 });
		expect(remaining()).toEqual([]);
		await temp.store.ingest([event(3_000, own)]);
		await temp.store.correct({ kind: "unmerge", userId: "ZEBRA-user" }, { ...by, at: 4_000 });
		await temp.store.deleteProfile(person, { suppress: false, dryRun: false }, { ...by, at: 5_000 });
		expect(remaining()).toEqual([]);
	});

	let temp: TempStore;
	beforeEach(async () => {
		temp = await openTempStore(config, "sqlite");
	});
	afterEach(() => temp.remove());

	/** Which of the words stand in any file of the workspace, its log included. */
	const remaining = () => {
		const file = sqliteFile(temp.url);
		const bytes = readdirSync(dirname(file)).map((name) => readFileSync(join(dirname(file), name)));
		return secrets.filter((secret) => bytes.some((content) => content.includes(secret)));
	};

	const history = () => {
		const externalIds = [{ type: "shop_id", id: "ZEBRA-shop" }];
		const rich = JSON.stringify({ properties: { page: "ZEBRA-page" }, context: { externalIds } });
		const own = Array.from({ length: 300 }, (_, i) =>
			event(i, { userId: "ZEBRA-user", anonymousId: "ZEBRA-phone", externalIds }, { payload: rich }),
		);
		const traits = { name: "ZEBRA-name", email: "zebra@example.org" };
		const claims = { userId: "ZEBRA-user", emails: ["zebra@example.org"] };
		return [...own, event(400, claims, { type: "identify", traits }), event(500, { userId: "other" })];
	};
	const letter = {
		source: "web",
		receivedAt: 1,
		messageId: null,
		code: "invalid_event",
		detail: "no type",
		body: JSON.stringify({ userId: "ZEBRA-user", note: "ZEBRA-letter" }),
	};
	const erase = (value = "ZEBRA-user") =>
		temp.store.deleteProfile(
			{ type: "user_id", value },
			{ suppress: true, dryRun: false },
			{ actor: "tester", reason: "asked to", at: 1_000 },
		);

	it("is gone from the file and from its log, while the server runs", async () => {
		await temp.store.ingest(history(), [letter]);
		expect(remaining(), "the words are there to be found before").toEqual(secrets);
		expect(await erase()).toMatchObject({ erasedEvents: 301, identifiers: 4 });
		expect(remaining()).toEqual([]);
		expect(await temp.store.stats()).toMatchObject({ events: 1, profiles: 1, erased: 301 });
	});

	it("does not come back with late events, and leaves no trace when they are dropped", async () => {
		await temp.store.ingest(history());
		await erase();
		const late = [event(10, { userId: "ZEBRA-user" }), event(2_000, { anonymousId: "ZEBRA-phone" })];
		expect((await temp.store.ingest(late)).map(({ verdict }) => verdict)).toEqual(["erased", "suppressed"]);
		expect((await temp.store.ingest(history().slice(0, 2))).map(({ verdict }) => verdict)).toEqual([
			"erased",
			"erased",
		]);
		expect(remaining()).toEqual([]);
	});

	it("vanishes from what others had of it: a device that went from one person to the other", async () => {
		await temp.store.ingest([
			event(1, { userId: "other", anonymousId: "ZEBRA-phone" }),
			event(2, { anonymousId: "ZEBRA-phone" }),
			event(3, { userId: "ZEBRA-user", anonymousId: "ZEBRA-phone" }),
		]);
		const other = { type: "user_id", value: "other" };
		expect(await temp.store.findProfile(other)).toMatchObject({
			eventCount: 2,
			pastIdentifiers: [{ type: "anonymous_id", value: "ZEBRA-phone" }],
		});
		await erase();
		expect(await temp.store.findProfile(other)).toMatchObject({ eventCount: 2, pastIdentifiers: [] });
		expect(remaining()).toEqual([]);
		const events = await temp.store.listEvents(other, { limit: 10 });
		expect(events?.data.map((view) => view.anonymousId)).toEqual([undefined, undefined]);
	});
});
