import type { Correction, ProfileRef } from "@selfsame/store";
import { Hono } from "hono";
import { z } from "zod";
import { type GuardedVariables, guard } from "../auth/guard.ts";
import type { Deps } from "../deps.ts";
import { RequestError } from "../problem.ts";
import { readBoolean } from "./parameters.ts";
import { noProfile, refOf } from "./profiles.ts";
import { readJson } from "./readJson.ts";

const reason = z.string().trim().min(1, "say why, for whoever reads it later").max(1_000);
const id = z.string().trim().min(1).max(1_024);
const identifier = z.strictObject({ type: z.string().min(1).max(64), value: id });
const userSchema = z.strictObject({ userId: id, reason });
const unlinkSchema = z.strictObject({ identifier, from: identifier, reason });
const deleteSchema = z.strictObject({ reason: reason.default("deleted through the API") });

/** Corrections and deletion: by a person, with a reason, kept for ever. They need the scope `admin`. */
export function correctionRoutes(deps: Deps): Hono<{ Variables: GuardedVariables }> {
	const { store, now } = deps;
	const app = new Hono<{ Variables: GuardedVariables }>();
	const admin = guard(deps, "admin");

	async function correct(ref: ProfileRef, correction: Correction, attribution: { actor: string; reason: string }) {
		await store.correct(correction, { ...attribution, at: now() });
		return store.findProfile(ref);
	}

	app.post("/v1/profiles/:ref/merge", admin, async (c) => {
		const ref = refOf(c);
		const { userId, reason } = await readJson(c, userSchema);
		const user = await findUser(ref);
		if (user === null) return noProfile();
		const merged = await correct(
			ref,
			{ kind: "merge", userId: user, otherUserId: userId },
			{ actor: c.var.actor, reason },
		);
		return c.json(merged);
	});

	app.post("/v1/profiles/:ref/unmerge", admin, async (c) => {
		const ref = refOf(c);
		const { userId, reason } = await readJson(c, userSchema);
		const profile = await store.findProfile(ref);
		if (!profile) return noProfile();
		if (!profile.identifiers.some(({ type, value }) => type === "user_id" && value === userId)) {
			throw new RequestError("conflict", "This profile does not hold the `userId`, so there is nothing to take apart.");
		}
		return c.json(await correct(ref, { kind: "unmerge", userId }, { actor: c.var.actor, reason }));
	});

	app.post("/v1/profiles/:ref/unlink", admin, async (c) => {
		const ref = refOf(c);
		const { identifier, from, reason } = await readJson(c, unlinkSchema);
		if (!(await store.findProfile(ref))) return noProfile();
		return c.json(await correct(ref, { kind: "unlink", identifier, from }, { actor: c.var.actor, reason }));
	});

	app.delete("/v1/profiles/:ref", admin, async (c) => {
		const options = { suppress: readBoolean(c, "suppress"), dryRun: readBoolean(c, "dryRun") };
		const { reason } = await readJson(c, deleteSchema);
		const attribution = { actor: c.var.actor, reason, at: now() };
		const receipt = await store.deleteProfile(refOf(c), options, attribution);
		return receipt ? c.json(receipt) : noProfile();
	});

	/** The user that a reference means: itself, or the first of its profile. Null when there is no such profile. */
	async function findUser(ref: ProfileRef): Promise<string | null> {
		const profile = await store.findProfile(ref);
		if (!profile) return null;
		const users = profile.identifiers.filter(({ type }) => type === "user_id").map(({ value }) => value);
		const named = "type" in ref && ref.type === "user_id" ? users.find((user) => user === ref.value) : undefined;
		const user = named ?? users[0];
		if (user !== undefined) return user;
		throw new RequestError("conflict", "This profile has no `user_id`; only profiles of users can be merged.");
	}

	return app;
}
