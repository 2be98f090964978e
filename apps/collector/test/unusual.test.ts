import { type IngestAnswer, type Json, type JsonObject, limits, type Page } from "@selfsame/protocol";
import { makeDatabase } from "@selfsame/store/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startCollector, type TestCollector, track } from "./startCollector.ts";

/** Characters by how many bytes they take; many different ones, so that no database can make them few. */
const alphabets = { 1: [0x21, 0x5d], 3: [0x4e00, 0x51a5], 4: [0x20000, 0xa6d6] } as const;
let state = 1;
const random = (below: number) => {
	state = (state * 48_271) % 0x7fff_ffff;
	return state % below;
};
/** A text of so many bytes a character. */
function text(bytes: keyof typeof alphabets, characters: number): string {
	const [first, count] = alphabets[bytes];
	return Array.from({ length: characters }, () => String.fromCodePoint(first + random(count)))
		.join("")
		.replaceAll(/["'\\.]/g, "x");
}

/** The longest that the protocol takes where it counts UTF-16 units, and where it counts characters. */
const longest = [text(3, limits.idLength), text(4, limits.idLength / 2), text(1, limits.idLength)];
const longestOfCharacters = (characters: number) => [text(4, characters), text(3, characters)];
/** What only JSON's escapes can bring in. */
const strange = ["a\0b", "\0", "a\ud800b", "\udc00a", "\ud83d", "\uffff\ufffe", "\u0001\u001f\u007f\u2028"];
const texts = [...longest, ...strange, "'; DROP TABLE events; --", "$1", "\\", '"', "%_", "{}", "\\x00", "__proto__"];

const numbers: Json[] = [1e308, -1e308, 5e-324, -0, 0.1 + 0.2, 2 ** 53, 2 ** 63, 1e21, -1];

/** Odd events by what is odd about them; each is one event, valid or not. */
const odd: [string, JsonObject[]][] = [
	["userId", [...texts, ...numbers].map((userId) => track({ userId }))],
	["anonymousId", [...texts, ...numbers].map((anonymousId) => ({ type: "track", event: "E", anonymousId }))],
	["userId and anonymousId", texts.map((id) => track({ userId: `u${id}`, anonymousId: `a${id}` }))],
	["previousId", [...texts, ...numbers].map((previousId) => ({ type: "alias", userId: "aliased", previousId }))],
	[
		"groupId",
		[...texts, ...numbers].map((groupId) => ({ type: "group", userId: "member", groupId, traits: { a: 1 } })),
	],
	[
		"externalIds",
		texts.map((id) =>
			track({
				context: {
					externalIds: [
						{ id, type: "crm_id" },
						{ id, type: id },
					],
				},
			}),
		),
	],
	["messageId", [...longestOfCharacters(limits.messageIdLength), ...texts].map((messageId) => track({ messageId }))],
	[
		"messageId of an alias",
		longestOfCharacters(limits.messageIdLength).map((messageId) => ({
			type: "alias",
			messageId,
			userId: "b",
			previousId: "a",
		})),
	],
	["event", [...longestOfCharacters(limits.nameLength), ...texts].map((event) => track({ event }))],
	[
		"name",
		[...longestOfCharacters(limits.nameLength), ...texts].map((name) => ({ type: "page", userId: "reader", name })),
	],
	["email", texts.map((local) => ({ type: "identify", userId: "mailed", traits: { email: `${local}@x.io` } }))],
	[
		"a trait's key",
		[...texts, text(1, 3_000), text(3, 30_000)].map((key) => ({ type: "identify", userId: "t", traits: { [key]: 1 } })),
	],
	[
		"a trait's value",
		[...texts, ...numbers, text(3, 30_000)].map((value) => ({
			type: "identify",
			userId: "t",
			traits: { value, deep: [{ [`${value}`]: value }] },
		})),
	],
	[
		"a group trait's key",
		[...texts, text(1, 3_000), text(3, 30_000)].map((key) => ({
			type: "group",
			userId: "t",
			groupId: "g",
			traits: { [key]: 1 },
		})),
	],
	[
		"a group's id and its trait's key",
		longest.flatMap((groupId) => longest.map((key) => ({ type: "group", userId: "t", groupId, traits: { [key]: 1 } }))),
	],
	[
		"a property",
		[...texts, ...numbers, text(3, 30_000)].map((value) =>
			track({ properties: { [`${value}`]: value, deep: [{ [`${value}`]: value }] } }),
		),
	],
	[
		"a field of its own",
		texts.map((value) =>
			track({ [`x${value}`]: value, context: { [value]: value }, integrations: { [value]: value } }),
		),
	],
	[
		"timestamp",
		["0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999Z", "1969-12-31T23:59:59.999Z", "-271821-04-20", ...strange].map(
			(timestamp) => track({ timestamp }),
		),
	],
];

/** Bodies in which an event is refused before anything reads it, or for what is odd about it. */
const refused: [string, string][] = [
	["a NUL in one that is too large", `{"type":"track","x":"\0${"y".repeat(limits.eventBytes)}"}`],
	[
		"a pair that is cut in half",
		`{"type":"track","event":5e400,"userId":[],"x":"${"y".repeat(limits.eventBytes - 40)}${"😀".repeat(9)}"}`,
	],
	["a messageId that is cut within a pair", `{"type":"track","messageId":"x${"😀".repeat(300)}"}`],
	["a messageId with lone surrogates that is too long", `{"type":"track","messageId":"${"\\ud83d".repeat(300)}"}`],
	["a NUL in one of no type", '{"type":"a\\u0000b","messageId":"m\\u0000","userId":"\\ud800"}'],
	["one that is too deep", `{"type":"track","x":${"[".repeat(101)}"\0"${"]".repeat(101)}}`],
	["no object", '"a\\u0000\\ud800"'],
];

describe.each(["postgres", "sqlite"] as const)("what is unusual, on %s,", (kind) => {
	let collector: TestCollector;
	beforeAll(async () => {
		collector = await startCollector({ database: await makeDatabase(kind) });
	});
	afterAll(() => collector.stop());

	let batches = 0;
	/** Sends an event between two others that are stored whatever becomes of it. */
	async function sendBetween(event: string): Promise<IngestAnswer> {
		batches += 1;
		const neighbours = [`before-${batches}`, `after-${batches}`];
		const [before, after] = neighbours.map((userId) => JSON.stringify(track({ userId, messageId: userId })));
		const body = `{"batch":[${before},${event},${after}]}`;
		const answer = await collector.post("/v1/batch", body);
		expect(answer.status, JSON.stringify(answer.body)).toBe(200);
		for (const id of neighbours) expect((await collector.profile(`user_id:${id}`))?.eventCount).toBe(1);
		for (const { index } of answer.body.rejected) expect(index).toBe(1);
		// The same again is known, or refused as before.
		const again = await collector.post("/v1/batch", body);
		expect(again.status).toBe(200);
		expect(again.body.duplicates).toBeGreaterThanOrEqual(2);
		return answer.body;
	}

	it.each(odd)("%s: is stored or refused by itself, and read again", { timeout: 120_000 }, async (_, events) => {
		const verdicts: string[] = [];
		for (const event of events) {
			const answer = await sendBetween(JSON.stringify({ messageId: `odd-${batches}`, ...event }));
			verdicts.push(answer.rejected[0]?.code ?? "stored");
			for (const field of ["userId", "anonymousId"] as const) {
				const id = event[field];
				if (id === undefined) continue;
				const ref = encodeURIComponent(
					`${field === "userId" ? "user_id" : "anonymous_id"}:${String(id).toWellFormed()}`,
				);
				for (const part of ["", "/events", "/identity"]) {
					const { status } = await collector.get(`/v1/profiles/${ref}${part}`);
					expect([200, 400, 404, 414], `${ref}${part}`).toContain(status);
				}
			}
		}
		expect(verdicts).toContain("stored");
		// What only PostgreSQL cannot index.
		if (kind === "sqlite") expect(verdicts).not.toContain("not_storable");
	});

	it.each(refused)("%s: is kept as rejected", async (_, event) => {
		const answer = await sendBetween(event);
		expect(answer.rejected).toHaveLength(1);
		const kept = await collector.get<Page<{ code: string; body: unknown }>>("/v1/rejected?limit=100");
		expect(kept.status).toBe(200);
		expect(kept.body.data.map(({ code }) => code)).toContain(answer.rejected[0]?.code);
	});

	it("everything can be read from its beginning", async () => {
		for (const path of [
			"/v1/profiles?limit=100",
			"/v1/stats",
			"/v1/rejected?limit=100",
			"/v1/groups/g",
			"/v1/profiles/user_id:t",
		]) {
			expect((await collector.get(path)).status, path).toBe(200);
		}
		expect((await collector.get<JsonObject>("/v1/profiles/user_id:t")).body.traits).toBeTypeOf("object");
	});

	it.each([...strange, ...longest])("may be asked for: %j", async (name) => {
		const encoded = encodeURIComponent(name.toWellFormed());
		const paths = [
			...[`user_id:${encoded}`, `${encoded}:a`].flatMap((ref) => [
				`/v1/profiles/${ref}`,
				`/v1/profiles/${ref}/identity`,
			]),
			`/v1/profiles/user_id:t/traits/${encoded}/history`,
			`/v1/profiles/user_id:t/events?name=${encoded}`,
			`/v1/groups/${encoded}`,
			...["identifierType", "cursor"].map((parameter) => `/v1/profiles?${parameter}=${encoded}`),
			...["code", "source", "cursor"].map((parameter) => `/v1/rejected?${parameter}=${encoded}`),
		];
		for (const path of paths) expect((await collector.get(path)).status, path).toBeLessThan(500);
		const filters = [
			{ trait: "value", eq: name },
			{ trait: "value", contains: name },
			{ trait: name, exists: true },
			{ did: name },
			{ did: "*", where: { prop: name, eq: name } },
		];
		for (const filter of filters) {
			const { status } = await collector.act("POST", "/v1/profiles/search", { filter });
			expect(status, JSON.stringify(filter)).toBe(200);
		}
		for (const [path, body] of [
			["/v1/profiles/lookup", { identifiers: [{ type: "user_id", value: name }] }],
			["/v1/profiles/user_id:t/unlink", { identifier: { type: "anonymous_id", value: name }, reason: name }],
			["/v1/profiles/user_id:t/merge", { otherUserId: name, reason: name, userId: name }],
			["/v1/rejected/replay", { ids: [name] }],
		] as const) {
			expect((await collector.act("POST", path, body)).status, path).toBeLessThan(500);
		}
	});
});
