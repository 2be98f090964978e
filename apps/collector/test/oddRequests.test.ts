import { once } from "node:events";
import { connect } from "node:net";
import { gzipSync } from "node:zlib";
import type { JsonObject, Page, Problem, Profile } from "@selfsame/protocol";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { apiKey, startCollector, type TestCollector, track } from "./startCollector.ts";

let collector: TestCollector;
beforeAll(async () => {
	collector = await startCollector({ config: { identifiers: { email: {}, "odd.type-1": {} } } });
});
afterAll(() => collector.stop());

const secret = { authorization: `Bearer ${apiKey}` };
const encode = encodeURIComponent;
const values = [
	"a:b",
	"a/b/../c",
	"../../etc",
	"https://x.example/?q=1&r=2#top",
	"100%",
	"%2F%25%00",
	"😀 𝒳 ünï \u202e",
	"a+b c",
	'"; DROP TABLE events; --',
	"?include=traits",
	";,&=#",
	"line\nbreak\ttab",
	"x".repeat(1_024),
	"😀".repeat(256),
];

describe.each(values)("%j", (value) => {
	it("works as a value of every type, in every part, as a trait's key and as a group", async () => {
		const marker = `d${values.indexOf(value)}`;
		await collector.send([
			{
				type: "identify",
				userId: value,
				anonymousId: `${marker}`,
				traits: { [value]: marker },
				context: { externalIds: [{ type: "odd.type-1", id: value }] },
			},
			{ type: "group", userId: value, groupId: value, traits: { [value]: marker } },
		]);
		for (const ref of [`user_id:${value}`, `odd.type-1:${value}`]) {
			const base = `/v1/profiles/${encode(ref)}`;
			const { status, body } = await collector.get<Profile>(base);
			expect([status, body.traits]).toEqual([200, { [value]: marker }]);
			expect((await collector.get<Page<unknown>>(`${base}/events?limit=1`)).body.page.hasMore).toBe(true);
			expect((await collector.get(`${base}/identity`)).status).toBe(200);
			const history = await collector.get<Page<JsonObject>>(`${base}/traits/${encode(value)}/history`);
			expect(history.body.data).toMatchObject([{ value: marker, won: true }]);
			const found = await collector.act<{ data: Profile[] }>("POST", "/v1/profiles/lookup", {
				identifiers: [{ type: ref.slice(0, ref.indexOf(":")), value }],
			});
			expect(found.body.data[0]?.id).toBe(body.id);
		}
		const group = await collector.get<JsonObject>(`/v1/groups/${encode(value)}`);
		expect(group).toMatchObject({ status: 200, body: { id: value, traits: { [value]: marker }, memberCount: 1 } });
	});
});

describe("what can be no answer gets a clear problem, and never 500", () => {
	const refs = ["%", "%zz", "%E0%A4%A", "%C0%AF", "%ED%A0%80", "user_id:", ":", ":x", "x", "%00", "user_id%3A%00"];
	const long = "user_id:".padEnd(6_000, "x");
	it.each([...refs, long, "user_id%3A%EF%BF%BD", "no%00type%3Ax", "😀", "__proto__:x", "constructor%3Aconstructor"])(
		"%j",
		async (ref) => {
			for (const path of [
				`/v1/profiles/${ref}`,
				`/v1/profiles/${ref}/events`,
				`/v1/profiles/${ref}/identity`,
				`/v1/profiles/${ref}/traits/${ref}/history`,
				`/v1/groups/${ref}`,
			]) {
				const { status, body } = await collector.get<Problem>(path);
				expect([path, [400, 404].includes(status), body.status]).toEqual([path, true, status]);
			}
			for (const [path, body] of [
				[`/v1/profiles/${ref}/merge`, { userId: "x", reason: "r" }],
				[`/v1/profiles/${ref}/unmerge`, { userId: "x", reason: "r" }],
				[
					`/v1/profiles/${ref}/unlink`,
					{ identifier: { type: "a", value: "b" }, from: { type: "c", value: "d" }, reason: "r" },
				],
			] as const)
				expect([400, 404]).toContain((await collector.act("POST", path, body)).status);
			expect([400, 404]).toContain((await collector.act("DELETE", `/v1/profiles/${ref}`)).status);
		},
	);

	it("but for NUL, which is kept as U+FFFD and found by either", async () => {
		await collector.send([track({ userId: "nul\u0000\ud800" })]);
		for (const ref of ["user_id%3Anul%00%EF%BF%BD", "user_id%3Anul%EF%BF%BD%EF%BF%BD"]) {
			expect((await collector.get(`/v1/profiles/${ref}`)).status).toBe(200);
		}
	});

	it("in a body too", async () => {
		const identifiers = [
			{ type: "user_id", value: "\u0000" },
			{ type: "\ud800", value: "\udc00x" },
			{ type: "__proto__", value: "" },
		];
		const { status, body } = await collector.act<JsonObject>("POST", "/v1/profiles/lookup", { identifiers });
		expect([status, body]).toEqual([200, { data: [null, null, null] }]);
		for (const text of ["", "[", "null", "5", '"x"', "{}", '{"identifiers":[{}]}', "\u0000", "[".repeat(10_000)]) {
			const answer = await collector.call<Problem>("/v1/profiles/lookup", {
				method: "POST",
				headers: secret,
				body: text,
			});
			expect([text.slice(0, 20), answer.status]).toEqual([text.slice(0, 20), 400]);
		}
		const deep = `{"filter":${'{"not":'.repeat(20_000)}{}${"}".repeat(20_000)}}`;
		const answer = await collector.call<Problem>("/v1/profiles/search", {
			method: "POST",
			headers: secret,
			body: deep,
		});
		expect(answer.body).toMatchObject({ code: "invalid_json", detail: "The body nests too deep." });
	});

	it("in a body that is gzip, or has a byte order mark, which are read, or has another encoding, which is not", async () => {
		await collector.send([track({ userId: "packed" })]);
		const text = JSON.stringify({ identifiers: [{ type: "user_id", value: "packed" }] });
		const ask = (body: string | Uint8Array<ArrayBuffer>, headers = {}) =>
			collector.call<JsonObject>("/v1/profiles/lookup", { method: "POST", headers: { ...secret, ...headers }, body });
		const gzip = new Uint8Array(gzipSync(text));
		for (const answer of [ask(gzip, { "content-encoding": "gzip" }), ask(gzip), ask(`\ufeff${text}`)])
			expect(await answer).toMatchObject({ status: 200, body: { data: [{ eventCount: 1 }] } });
		const answer = await ask(text, { "content-encoding": "br" });
		expect(answer).toMatchObject({ status: 415, body: { code: "unsupported_encoding" } });
		expect((await ask(gzip.slice(0, 30))).status).toBe(400);
		expect((await ask(new Uint8Array(gzipSync(" ".repeat(5_000_000))))).status).toBe(413);
	});

	it("in a body that is too large, and the connection goes on with the next request", async () => {
		const { socket, read } = await openRaw(collector.port);
		const head = (length: number) =>
			`POST /v1/profiles/lookup HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${apiKey}\r\ncontent-length: ${length}\r\n\r\n`;
		const body = JSON.stringify({ identifiers: [{ type: "user_id", value: "nobody" }] });
		socket.write(`${head(6_000_000)}${"x".repeat(6_000_000)}${head(body.length)}${body}`);
		expect(await read(/413.*HTTP\/1\.1 200.*null/s)).toBe(true);
		socket.destroy();
	});

	it("in a query too", async () => {
		for (const query of [
			"asOf=%",
			"asOf=%00",
			"asOf=999999999999999999999",
			"asOf=2026-02-30",
			"asOf=2026",
			"from=20260131",
			"to=1769860800",
			"limit=1e1",
			"limit=%2B1",
			"limit=1.0",
			"limit= 1",
		]) {
			expect([query, (await collector.get(`/v1/profiles/user_id:x/events?${query}`)).status]).toEqual([query, 400]);
		}
		for (const query of [
			"identifierType=%00",
			"identifierType=%",
			"cursor=%F0%9F%98%80",
			"cursor=e30",
			"cursor=bnVsbA",
		]) {
			expect([200, 400]).toContain((await collector.get(`/v1/profiles?${query}`)).status);
		}
	});
});

/** A bare connection; `read` tells whether what it answers comes to be so. */
async function openRaw(port: number) {
	const socket = connect(port, "127.0.0.1");
	await once(socket, "connect");
	let text = "";
	const read = (expected: RegExp) =>
		new Promise<boolean>((resolve) => {
			socket.on("data", (chunk) => {
				text += chunk;
				if (expected.test(text)) resolve(true);
			});
			socket.on("close", () => resolve(false));
		});
	return { socket, read };
}

describe("query parameters", () => {
	it.each([
		["/v1/profiles?limt=3", "limit"],
		["/v1/profiles?Cursor=3", "cursor"],
		["/v1/profiles?seen_after=3", "seenAfter"],
		["/v1/profiles/user_id:x?as_of=3", "asOf"],
		["/v1/profiles/user_id:x/events?ordr=asc", "order"],
		["/v1/profiles/user_id:x/identity?asof=1", "asOf"],
		["/v1/profiles/user_id:x/traits/plan/history?limits=1", "limit"],
		["/v1/groups/g?cursors=1", "cursor"],
		["/v1/rejected?codes=1", "code"],
	])("%s: did you mean %s?", async (path, nearest) => {
		const { status, body } = await collector.get<Problem>(path);
		expect([status, body.code]).toEqual([400, "invalid_request"]);
		expect(body.detail).toContain(`Did you mean \`${nearest}\`?`);
	});

	it("are refused when nobody knows them or they are there twice, and their values are not repeated", async () => {
		const { status, body } = await collector.get<Problem>("/v1/stats?ada@shop.example=1");
		expect([status, body.detail]).toEqual([400, "This call does not know one of the query parameters. It takes none."]);
		expect((await collector.get<Problem>("/v1/profiles?limit=1&limit=2")).body.detail).toContain("more than once");
		expect((await collector.act("DELETE", "/v1/profiles/user_id:x?supress=true")).status).toBe(400);
		expect((await collector.call("/health?probe=1")).status).toBe(200);
	});
});

describe("methods", () => {
	it("answers HEAD as GET, without the body", async () => {
		await collector.send([track({ userId: "headed" })]);
		for (const path of [
			"/v1/profiles/user_id:headed",
			"/v1/profiles/user_id:headed/events",
			"/v1/stats",
			"/openapi.json",
		]) {
			const get = await collector.get(path);
			const head = await collector.call(path, { method: "HEAD", headers: secret });
			expect([head.status, head.body]).toEqual([200, ""]);
			for (const name of ["etag", "content-type", "cache-control"]) {
				expect(head.headers.get(name)).toBe(get.headers.get(name));
			}
		}
		expect((await collector.call("/v1/profiles/user_id:nobody", { method: "HEAD", headers: secret })).status).toBe(404);
	});

	it("leaves no stream open that a HEAD has begun", async () => {
		// Each more often than may be open at once.
		for (const [path, times] of [
			["/v1/events/stream", 120],
			["/v1/export/events", 6],
		] as const) {
			for (let n = 0; n < times; n++) {
				const { status } = await collector.call(path, { method: "HEAD", headers: secret });
				expect([path, n, status]).toEqual([path, n, 200]);
			}
		}
	});

	it("says 405 and what is allowed for a path that is there, and 404 for one that is not", async () => {
		for (const [method, path, allow] of [
			["PUT", "/v1/profiles/user_id:x", "GET, DELETE, HEAD"],
			["POST", "/v1/profiles", "GET, HEAD"],
			["GET", "/v1/profiles/user_id:x/merge", "POST"],
			["DELETE", "/v1/profiles/a%2Fb/events", "GET, HEAD"],
			["GET", "/v1/batch", "POST"],
			["GET", "/v1/profiles/search", "POST"],
			["GET", "/v1/profiles/lookup", "POST"],
			["DELETE", "/v1/profiles/search", "POST"],
		] as const) {
			const { status, headers, body } = await collector.call<Problem>(path, { method, headers: secret });
			expect([status, body.code, headers.get("allow")]).toEqual([405, "method_not_allowed", allow]);
		}
		for (const path of ["/v1/profile", "/v1/profiles/user_id:x/trait", "/v2/profiles", "/v1/profiles/"]) {
			expect([path, (await collector.get(path)).status]).toEqual([path, 404]);
		}
	});
});

describe("cursors", () => {
	it("are bound to their list, and hold while events arrive and people are joined and deleted", async () => {
		const users = Array.from({ length: 30 }, (_, n) => `paged${n}`);
		await collector.send(
			users.map((userId, n) => track({ userId, messageId: `p${n}`, timestamp: `2025-01-01T00:00:${n + 10}.000Z` })),
		);
		const seen: string[] = [];
		let cursor: string | null = null;
		for (let round = 0; cursor !== null || round === 0; round++) {
			const next: string = cursor === null ? "" : `&cursor=${encode(cursor)}`;
			const { data, page } = (await collector.get<Page<Profile>>(`/v1/profiles?limit=4${next}`)).body;
			seen.push(...data.flatMap(({ identifiers }) => identifiers.map(({ value }) => value)));
			cursor = page.next;
			await collector.send([
				track({ userId: `new${round}` }),
				track({ userId: users[round] ?? "extra", anonymousId: `nd${round}` }),
			]);
			if (round === 1) await collector.act("DELETE", "/v1/profiles/user_id:paged29");
		}
		// Each that was there all the time came once.
		for (const user of users.slice(0, -1)) expect(seen.filter((value) => value === user)).toEqual([user]);
	});

	it("of events go on behind what was shown, whatever arrives meanwhile", async () => {
		const at = (n: number) => new Date(Date.UTC(2025, 0, 1) + n * 1_000).toISOString();
		await collector.send(
			Array.from({ length: 20 }, (_, n) => track({ userId: "busy", messageId: `b${n}`, timestamp: at(n) })),
		);
		const base = "/v1/profiles/user_id:busy/events";
		const shown: string[] = [];
		let cursor: string | null = null;
		for (let round = 0; cursor !== null || round === 0; round++) {
			const next: string = cursor === null ? "" : `&cursor=${encode(cursor)}`;
			const { data, page } = (await collector.get<Page<JsonObject>>(`${base}?limit=6${next}`)).body;
			shown.push(...data.map(({ messageId }) => String(messageId)));
			cursor = page.next;
			await collector.send([track({ userId: "busy", messageId: `later${round}`, timestamp: at(1_000 + round) })]);
		}
		expect(shown).toEqual(Array.from({ length: 20 }, (_, n) => `b${19 - n}`));
		const first = (await collector.get<Page<unknown>>(`${base}?limit=6`)).body.page.next ?? "";
		for (const path of [
			`${base}?limit=6&order=asc&cursor=${encode(first)}`,
			`${base}?limit=6&type=page&cursor=${encode(first)}`,
			`/v1/profiles/user_id:headed/events?cursor=${encode(first)}`,
			`/v1/profiles?cursor=${encode(first)}`,
			`/v1/rejected?cursor=${encode(first)}`,
			`/v1/profiles/user_id:busy/traits/plan/history?cursor=${encode(first)}`,
			`${base}?cursor=${encode(first.slice(0, -2))}`,
		])
			expect(await collector.get(path)).toMatchObject({ status: 400, body: { code: "invalid_cursor" } });
	});

	it("are refused when anything in them was changed", async () => {
		await collector.send(
			Array.from({ length: 3 }, (_, n) => ({
				type: "group",
				userId: `changed${n}`,
				groupId: "changed",
				traits: { n },
				timestamp: `2025-02-01T00:00:0${n}Z`,
			})),
		);
		await collector.send([
			...Array.from({ length: 3 }, (_, n) => ({
				type: "identify",
				userId: "changed0",
				traits: { n, [`t${n}`]: n },
				context: { externalIds: [{ type: "odd.type-1", id: `changed${n}` }] },
			})),
			{ type: "none" },
			{ type: "none" },
		]);
		const base = "/v1/profiles/user_id:changed0";
		const segment = "/v1/spaces/s/collections/users/profiles/user_id:changed0";
		const lists: [path: string, parameter: string][] = [
			["/v1/profiles?limit=1", "cursor"],
			[`${base}/events?limit=1`, "cursor"],
			[`${base}/traits/n/history?limit=1`, "cursor"],
			["/v1/groups/changed?limit=1", "cursor"],
			["/v1/rejected?limit=1", "cursor"],
			[`${segment}/traits?limit=1`, "next"],
			[`${segment}/external_ids?limit=1`, "next"],
			["/v1/spaces/s/collections/accounts/profiles/group_id:changed/events?limit=1", "next"],
		];
		type Paged = { page?: Place; members?: { page: Place }; cursor?: Place };
		type Place = { next: string };
		const at = (path: string, parameter: string, next: string) =>
			collector.get<Paged>(`${path}&${parameter}=${encode(next)}`);
		for (const [path, parameter] of lists) {
			const { page, members, cursor } = (await collector.get<Paged>(path)).body;
			const { next } = page ?? members?.page ?? cursor ?? { next: "" };
			expect([path, (await at(path, parameter, next)).status]).toEqual([path, 200]);
			const [print, ...place] = JSON.parse(Buffer.from(next, "base64url").toString("utf8")) as unknown[];
			const changed = [
				[print],
				[print, ...place, 1],
				[print, ...place.map((part) => (typeof part === "number" ? part + 1 : `${part}x`))],
				[print, ...place.map(() => ({}))],
				[print, ...place.map(() => null)],
			];
			for (const parts of changed) {
				const { status } = await at(path, parameter, Buffer.from(JSON.stringify(parts)).toString("base64url"));
				expect([path, parts, status]).toEqual([path, parts, 400]);
			}
		}
		const { body } = await collector.get<Paged>(`${segment}/traits?limit=1`);
		const foreign = await at(`${segment}/external_ids?limit=1`, "next", body.cursor?.next ?? "");
		expect(foreign).toMatchObject({ status: 400, body: { error: { code: "validation_error" } } });
		const others = `${segment.replace("changed0", "changed1")}/traits?limit=1`;
		expect((await at(others, "next", body.cursor?.next ?? "")).status).toBe(400);
		// It holds when they become one with somebody whose id the profile then has.
		await collector.act("POST", `${base}/merge`, { userId: "another", reason: "r" });
		await collector.send([track({ userId: "another", timestamp: "2020-01-01" })]);
		expect((await at(`${segment}/traits?limit=1`, "next", body.cursor?.next ?? "")).status).toBe(200);
	});

	it("of events and of a trait's history survive a merge, and are refused for who is someone else since", async () => {
		const at = (n: number) => new Date(Date.UTC(2025, 0, 1) + n * 1_000).toISOString();
		const identify = (fields: JsonObject, n: number) => ({
			type: "identify",
			traits: { n },
			timestamp: at(n),
			...fields,
		});
		await collector.send(
			Array.from({ length: 10 }, (_, n) => identify({ anonymousId: "visitor", messageId: `v${n}` }, n)),
		);
		const lists = ["events", "traits/n/history"].map((list) => `/v1/profiles/anonymous_id:visitor/${list}?limit=5`);
		const read = async (path: string) => (await collector.get<Page<{ messageId: string }>>(path)).body;
		const cursors = await Promise.all(lists.map(async (path) => encode((await read(path)).page.next ?? "")));
		// The visitor signs in, and is one with a user who has older and newer events.
		await collector.send([
			identify({ userId: "signedIn", messageId: "old" }, -1),
			identify({ userId: "signedIn", anonymousId: "visitor", messageId: "new" }, 100),
		]);
		for (const [n, path] of lists.entries()) {
			const rest = (await read(`${path.replace("limit=5", "limit=100")}&cursor=${cursors[n]}`)).data;
			expect(rest.map(({ messageId }) => messageId)).toEqual(["v4", "v3", "v2", "v1", "v0", "old"]);
			const other = path.replace("anonymous_id:visitor", "user_id:busy");
			expect(await collector.get(`${other}&cursor=${cursors[n]}`)).toMatchObject({ body: { code: "invalid_cursor" } });
		}
	});
});
