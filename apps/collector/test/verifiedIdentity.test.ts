import type { JsonObject } from "@selfsame/protocol";
import { type JWTPayload, SignJWT } from "jose";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { parseConfig } from "../src/index.ts";
import { startCollector, type TestCollector, webKey, writeKey } from "./startCollector.ts";

const secret = "a secret of at least thirty-two characters";
const newSecret = "another secret of at least thirty-two chars";
let collector: TestCollector;
let now = Date.now();
/** Each test has a victim and an attacker of its own: `own` names them. */
let round = 0;

beforeAll(async () => {
	const config = parseConfig({ identifiers: { email: {} } });
	collector = await startCollector({ now: () => now, config });
});
beforeEach(() => {
	round++;
});
afterAll(() => collector.stop());

/** The same value with this test's people in place of `victim` and `mallory`, wherever they are named. */
function own<T>(value: T): T {
	return JSON.parse(JSON.stringify(value).replace(/victim|mallory/g, (name) => `${name}${round}`));
}

const send = (events: JsonObject[], key = writeKey, rest: JsonObject = {}) => collector.send(own(events), key, rest);
const ownEvents = (ref: string) => collector.events(own(ref));
const ownProfile = (ref: string) => collector.profile(own(ref));

const setMode = (identityVerification: string, rest: JsonObject = {}) =>
	collector.setOptions("web", { identityVerification, identitySecrets: { k1: secret, k2: newSecret }, ...rest });

/** Times are seconds from now. */
interface TokenFields {
	sub?: unknown;
	aud?: unknown;
	endsIn?: number;
	beginsIn?: number;
	email?: unknown;
	kid?: string;
	key?: string;
	alg?: string;
}

function token(fields: TokenFields = {}): Promise<string> {
	const {
		sub = "victim",
		aud = "web",
		endsIn = 600,
		kid = "k1",
		key = secret,
		alg = "HS256",
		beginsIn,
		email,
	} = fields;
	const at = Math.floor(now / 1_000);
	const nbf = beginsIn === undefined ? undefined : at + beginsIn;
	const claims = own({ sub, aud, exp: at + endsIn, nbf, email }) as JWTPayload;
	return new SignJWT(claims).setProtectedHeader({ alg, ...(kid ? { kid } : {}) }).sign(new TextEncoder().encode(key));
}

const identify = (fields: JsonObject) => ({ type: "identify", traits: { name: "Mallory" }, ...fields });

/** The victim, known through the site's backend, with history on a device. */
async function addVictim() {
	await send([
		{ type: "page", name: "Home", anonymousId: "victim-device" },
		{
			type: "identify",
			userId: "victim",
			anonymousId: "victim-device",
			traits: { name: "Victoria", email: "victim@b.co" },
		},
	]);
}

describe("proof", () => {
	beforeEach(() => setMode("enforce"));

	async function isProven(identityToken: unknown, userId: JsonObject[string] = "victim"): Promise<boolean> {
		const { body } = await send(
			[identify({ userId, anonymousId: "mallory-device", identityToken } as JsonObject)],
			webKey,
		);
		expect(body.accepted).toBe(1);
		return body.warnings.every(({ code }) => code !== "unproven_user_id");
	}

	it("is a token that names the user, the source and a secret, and ends within the hour", async () => {
		expect(await isProven(await token())).toBe(true);
		expect(await isProven(await token({ endsIn: 3_599 }))).toBe(true);
		expect(await isProven(await token({ aud: ["web", "app"] }))).toBe(true);
		expect(await isProven(await token({ sub: "42" }), 42)).toBe(true);
	});

	it("may come from either of two secrets, and ends with its secret", async () => {
		const [first, second] = [await token(), await token({ kid: "k2", key: newSecret })];
		expect(await isProven(first)).toBe(true);
		expect(await isProven(second)).toBe(true);
		await setMode("enforce", { identitySecrets: { k2: newSecret } });
		expect(await isProven(first)).toBe(false);
		expect(await isProven(second)).toBe(true);
	});

	it("tells what a server's alias means; a userId that anybody may send does not", async () => {
		await addVictim();
		await send([{ type: "page", name: "App", anonymousId: "mallory-tablet" }]);
		await send([{ type: "alias", userId: "victim", previousId: "mallory-tablet" }]);
		const identifiers = async () => (await ownProfile("user_id:victim"))?.identifiers.map(({ type }) => type);
		const linked = ["user_id", "email", "anonymous_id", "anonymous_id"];
		expect(await identifiers()).toEqual(linked);
		const claim = { type: "track", event: "Squat", userId: "mallory-tablet" };
		for (const mode of ["enforce", "off"]) {
			await setMode(mode);
			await send([{ ...claim, messageId: `victim-${mode}` }], webKey);
			expect(await identifiers(), mode).toEqual(linked);
		}
		await setMode("enforce");
		await send([{ ...claim, identityToken: await token({ sub: "mallory-tablet" }) }], webKey);
		expect(await identifiers(), "proven").toEqual(["user_id", "user_id", "email", "anonymous_id"]);
	});

	it("ends when it says", async () => {
		const identityToken = await token({ endsIn: 60 });
		expect(await isProven(identityToken)).toBe(true);
		now += 70_000;
		expect(await isProven(identityToken)).toBe(false);
	});

	it("may stand on the batch for all its events", async () => {
		const events = [identify({ userId: "victim" }), identify({ userId: "mallory" })];
		const { body } = await send(events, webKey, { identityToken: await token() });
		expect(body.warnings.map(({ index, code }) => [index, code])).toContainEqual([1, "unproven_user_id"]);
		expect(await ownProfile("user_id:victim")).not.toBeNull();
		expect(await ownProfile("user_id:mallory")).toBeNull();
	});

	it.each([
		["another user's", { sub: "mallory" }],
		["for another source", { aud: "app" }],
		["for no source", { aud: null }],
		["of an unknown secret", { kid: "k9" }],
		["of no named secret", { kid: "" }],
		["signed with another secret", { key: newSecret }],
		["signed with the write key", { key: webKey }],
		["over", { endsIn: -60 }],
		["good for too long", { endsIn: 3_700 }],
		["not yet good", { beginsIn: 600 }],
		["of another algorithm", { alg: "HS512", key: secret.repeat(3) }],
		["a prototype's", { kid: "__proto__" }],
		["for a number that is a user", { sub: 42 }],
		["for a user in quotes, who would become another", { sub: "'victim'" }],
	])("is none when it is %s", async (_, fields) => {
		expect(await isProven(await token(fields as TokenFields))).toBe(false);
		expect(await isProven(await token(fields as TokenFields), "'victim'")).toBe(false);
		expect(await ownProfile("user_id:victim")).toBeNull();
	});

	it.each([null, "", "x", "a.b.c", 5, {}, [], true])("is none when it is %j", async (identityToken) => {
		expect(await isProven(identityToken)).toBe(false);
	});

	it("is none when it is too long to be one", async () => {
		expect(await isProven("x".repeat(100_000))).toBe(false);
	});

	it("is none without a signature", async () => {
		const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");
		const claims = part({ sub: own("victim"), aud: "web", exp: Math.floor(now / 1_000) + 599 });
		const [head, , signature] = (await token()).split(".");
		for (const forged of [
			`${part({ alg: "none", kid: "k1" })}.${claims}.`,
			`${part({ alg: "HS256", kid: "k1" })}.${claims}.`,
			`${head}.${claims}.${signature}`,
			`${part({ alg: "RS256", kid: "k1", jwk: {} })}.${claims}.${signature}`,
		]) {
			expect(await isProven(forged)).toBe(false);
		}
	});

	it("is not kept with the event", async () => {
		const identityToken = await token();
		await send([identify({ userId: "victim", identityToken, context: {} })], webKey);
		expect(JSON.stringify(await ownEvents("user_id:victim"))).not.toContain(identityToken);
	});
});

/** Every way in which the public key alone may try to reach another person. */
const attacks: [string, JsonObject][] = [
	["name the victim", { userId: "victim" }],
	["name the victim in quotes", { userId: " 'victim' " }],
	["name the victim on an event of another type", { type: "track", event: "x", userId: "victim" }],
	["name the victim for a group", { type: "group", groupId: "g", userId: "victim" }],
	["alias the victim to himself", { type: "alias", userId: "mallory", previousId: "victim" }],
	["alias himself to the victim", { type: "alias", userId: "victim", previousId: "mallory" }],
	["alias the victim's device to himself", { type: "alias", userId: "mallory", previousId: "victim-device" }],
	[
		"give the victim's email",
		{ userId: "mallory", traits: { email: "victim@b.co" }, context: { traits: { email: "victim@b.co" } } },
	],
	[
		"give the victim as an external id",
		{
			context: {
				externalIds: [
					{ type: "user_id", id: "victim" },
					{ type: "crm", id: "victim" },
				],
			},
		},
	],
	[
		"put ids where only the store does",
		{ claims: { userId: "victim" }, claimedUserId: "victim", trust: "server", source: "server" },
	],
];

describe("an attacker with the public key", () => {
	it.each(attacks)("cannot %s where proof is enforced", async (_, fields) => {
		await setMode("enforce");
		await addVictim();
		const before = await ownProfile("user_id:victim");
		await send([identify({ anonymousId: "mallory-device", ...fields })], webKey);
		await send([{ type: "page", anonymousId: "mallory-device" }], webKey);
		const after = await ownProfile("user_id:victim");
		expect({ ...after, lastSeen: null }).toEqual({ ...before, lastSeen: null });
		const mine = await ownProfile("anonymous_id:mallory-device");
		expect(mine?.id).not.toBe(after?.id);
		expect(JSON.stringify(mine?.identifiers)).not.toContain("victim");
	});

	it("is counted and not hindered where proof is watched", async () => {
		await setMode("monitor");
		const { body } = await send([identify({ userId: "mallory" })], webKey);
		expect(body.warnings.map(({ code }) => code)).toEqual(["unproven_user_id"]);
		expect((await ownProfile("user_id:mallory"))?.traits).toEqual({ name: "Mallory" });
		const metrics = (await collector.call<string>("/metrics")).body;
		expect(metrics).toContain('selfsame_unproven_user_ids_total{source="web",mode="monitor"} 1');
	});

	it("is not asked for proof where it is off, nor is a backend ever", async () => {
		await setMode("off");
		const off = await send([identify({ userId: "mallory" })], webKey);
		expect(off.body.warnings).toEqual([]);
		await setMode("enforce");
		const server = await send([identify({ userId: "victim" })], writeKey);
		expect(server.body.warnings).toEqual([]);
		expect(await ownProfile("user_id:victim")).not.toBeNull();
	});

	it.each(["off", "monitor", "enforce"])("joins no two users with the public key (%s)", async (mode) => {
		await setMode(mode);
		await addVictim();
		await send(
			[identify({ userId: "mallory", anonymousId: "mallory-device", identityToken: await token({ sub: "mallory" }) })],
			webKey,
		);
		const identityToken = await token({ sub: "mallory" });
		await send([{ type: "alias", userId: "mallory", previousId: "victim", identityToken }], webKey);
		const [victim, mallory] = [await ownProfile("user_id:victim"), await ownProfile("user_id:mallory")];
		expect(victim?.id).not.toBe(mallory?.id);
		expect(victim?.traits.name).toBe("Victoria");
	});
});

describe("an unproven claim", () => {
	it("is shown on its event, and the proof brings its history along", async () => {
		await setMode("enforce");
		await send(
			[{ type: "page", anonymousId: "mallory-device" }, identify({ userId: "mallory", anonymousId: "mallory-device" })],
			webKey,
		);
		expect(await ownProfile("user_id:mallory")).toBeNull();
		expect((await ownProfile("anonymous_id:mallory-device"))?.traits).toEqual({ name: "Mallory" });
		const claimed = (await ownEvents("anonymous_id:mallory-device")).find(({ type }) => type === "identify");
		expect(claimed).toMatchObject({ claimedUserId: own("mallory") });
		expect(claimed).not.toHaveProperty("userId");
		await send(
			[identify({ userId: "mallory", anonymousId: "mallory-device", identityToken: await token({ sub: "mallory" }) })],
			webKey,
		);
		expect((await ownProfile("user_id:mallory"))?.eventCount).toBe(3);
	});
});

describe("the email of a token", () => {
	/** A reader known by nothing but an email, through the backend. */
	const addReader = () => send([{ type: "identify", anonymousId: "victim-reader", traits: { email: "victim@b.co" } }]);
	const isJoined = async () =>
		(await ownProfile("user_id:victim"))?.id === (await ownProfile("anonymous_id:victim-reader"))?.id;
	const signIn = async (fields: TokenFields, event: JsonObject = {}) =>
		send([identify({ userId: "victim", identityToken: await token(fields), ...event })], webKey);

	it.each(["monitor", "enforce"])("identifies where the token proves the user (%s)", async (mode) => {
		await setMode(mode);
		await addReader();
		await signIn({});
		expect(await isJoined()).toBe(false);
		await signIn({ email: " victim@B.CO " });
		expect(await isJoined()).toBe(true);
	});

	it("is nothing without that proof, and nothing that is no email", async () => {
		await setMode("enforce");
		await addReader();
		await signIn({ email: "victim@b.co", sub: "mallory" });
		await signIn({ email: "victim@b.co", endsIn: -60 });
		await signIn({ email: ["victim@b.co"] });
		await signIn({ email: "victim" });
		await signIn({}, { traits: { email: "victim@b.co" }, provenEmails: ["victim@b.co"] });
		await signIn({}, { claims: { provenEmails: ["victim@b.co"] } });
		expect(await isJoined()).toBe(false);
		await setMode("off");
		await signIn({ email: "victim@b.co" });
		expect(await isJoined()).toBe(false);
	});
});
