import { createHash } from "node:crypto";
import type { EventType, Profile } from "@selfsame/protocol";
import { eventTypes } from "@selfsame/protocol/schema";
import { type Context, Hono } from "hono";
import { z } from "zod";
import { type GuardedVariables, guard } from "../auth/guard.ts";
import type { Deps } from "../deps.ts";
import { problem, RequestError } from "../problem.ts";
import { readAsOf, readChoice, readInstant, readPage, readRef } from "./parameters.ts";
import { readJson } from "./readJson.ts";

const profileFields = [
	"identifiers",
	"pastIdentifiers",
	"traits",
	"groups",
	"eventCount",
	"firstSeen",
	"lastSeen",
] as const;

/** Profiles, and why they are as they are. Reading needs a secret key with the scope `read`. */
export function profileRoutes(deps: Deps): Hono<{ Variables: GuardedVariables }> {
	const { store } = deps;
	const app = new Hono<{ Variables: GuardedVariables }>();
	const read = guard(deps, "read");

	app.get("/v1/profiles", read, async (c) => {
		const identifierType = c.req.query("identifierType");
		const seenAfter = readInstant(c, "seenAfter");
		const query = { ...(identifierType ? { identifierType } : {}), ...(seenAfter === undefined ? {} : { seenAfter }) };
		return c.json(await store.listProfiles({ ...readPage(c), ...query }));
	});

	app.post("/v1/profiles/lookup", read, async (c) => {
		const { identifiers } = await readJson(c, lookupSchema);
		return c.json({ data: await Promise.all(identifiers.map((identifier) => store.findProfile(identifier))) });
	});

	app.get("/v1/profiles/:ref", read, async (c) => {
		const profile = await store.findProfile(refOf(c), readAsOf(c));
		return profile ? answerWithTag(c, pick(profile, c.req.query("include"))) : noProfile();
	});

	app.get("/v1/profiles/:ref/events", read, async (c) => {
		const [type, name] = [readChoice(c, "type", [...eventTypes] as EventType[]), c.req.query("name")];
		const [order, from, to] = [readChoice(c, "order", ["asc", "desc"]), readInstant(c, "from"), readInstant(c, "to")];
		const page = await store.listEvents(refOf(c), {
			...readPage(c),
			...readAsOf(c),
			...(type ? { type } : {}),
			...(name === undefined ? {} : { name }),
			...(order ? { order } : {}),
			...(from === undefined ? {} : { from }),
			...(to === undefined ? {} : { to }),
		});
		return page ? c.json(page) : noProfile();
	});

	app.get("/v1/profiles/:ref/identity", read, async (c) => {
		const view = await store.explainIdentity(refOf(c), readAsOf(c));
		return view ? c.json(view) : noProfile();
	});

	app.get("/v1/profiles/:ref/traits/:key/history", read, async (c) => {
		const page = await store.traitHistory(refOf(c), c.req.param("key"), { ...readPage(c), ...readAsOf(c) });
		return page ? c.json(page) : noProfile();
	});

	app.get("/v1/groups/:id", read, async (c) => {
		const group = await store.findGroup(c.req.param("id"), readPage(c));
		return group ? c.json(group) : problem("not_found", "No event has named this group.");
	});

	app.get("/v1/stats", read, async (c) => c.json(await store.stats()));

	return app;
}

const lookupSchema = z.strictObject({
	identifiers: z
		.array(z.strictObject({ type: z.string().min(1), value: z.string() }))
		.min(1)
		.max(100, "at most 100 identifiers; ask again for the others"),
});

/** The reference of the request's path, taken before any decoding so that a value may hold a slash or a percent sign. */
export function refOf(c: Context) {
	return readRef(new URL(c.req.url).pathname.split("/")[3] ?? "");
}

export function noProfile(): Response {
	return problem("not_found", "There is no such profile. Check the type and the percent-encoding of the value.");
}

function pick(profile: Profile, include: string | undefined): Partial<Profile> {
	if (include === undefined || include === "") return profile;
	const asked = include.split(",").map((field) => field.trim());
	const unknown = asked.find((field) => field !== "id" && !profileFields.some((known) => known === field));
	if (unknown !== undefined)
		throw new RequestError("invalid_request", `\`include\` takes ${profileFields.join(", ")}.`);
	const fields = profileFields.filter((field) => asked.includes(field)).map((field) => [field, profile[field]]);
	return { id: profile.id, ...Object.fromEntries(fields) };
}

function answerWithTag(c: Context, value: unknown): Response {
	const text = JSON.stringify(value);
	const etag = `"${createHash("sha256").update(text).digest("base64url").slice(0, 27)}"`;
	const known =
		c.req
			.header("if-none-match")
			?.split(",")
			.map((tag) => tag.trim().replace(/^W\//, "")) ?? [];
	if (known.includes(etag) || known.includes("*")) return c.body(null, 304, { etag });
	return c.body(text, 200, { "content-type": "application/json", etag });
}
