import type { Profile } from "@selfsame/protocol";
import type { Correction, ProfileRef } from "@selfsame/store";
import { z } from "zod";
import { error } from "../api/commonAnswers.ts";
import type { Api } from "../api/createApi.ts";
import { type Call, json } from "../api/route.ts";
import { named, profile, receipt } from "../api/views.ts";
import type { Deps } from "../deps.ts";
import { RequestError } from "../problem.ts";
import { flag, readRef } from "./parameters.ts";
import { noProfile } from "./profiles.ts";

const reason = z.string().trim().min(1, "say why, for whoever reads it later").max(1_000);
const id = z.string().trim().min(1).max(1_024);
const identifier = z.strictObject({ type: z.string().min(1).max(64), value: id });
const userSchema = named("UserCorrection", z.strictObject({ userId: id, reason }));
const unlinkSchema = named("UnlinkRequest", z.strictObject({ identifier, from: identifier, reason }));
const deleteSchema = named("DeleteRequest", z.strictObject({ reason: reason.default("deleted through the API") }));

/** Corrections and deletion: by a person, with a reason, kept for ever. They need the scope `admin`. */
export function correctionRoutes(api: Api, { store, now }: Pick<Deps, "store" | "now">): void {
	const post = { method: "post", tag: "Corrections", scope: "admin", idempotent: true } as const;
	const answers = {
		200: json(profile, "The profile as it is now."),
		404: error("There is no such profile."),
		409: error("This cannot be done to this profile, or the same `Idempotency-Key` is being answered."),
	};

	/** The reference's profile as it is and as the correction leaves it. */
	async function correct<B extends { reason: string }>(
		{ c, params, body, actor }: Call<"{ref}", Record<never, never>, B>,
		decide: (found: Profile, ref: ProfileRef) => Correction,
	): Promise<Response> {
		const ref = readRef(params.ref);
		const found = (await store.findProfile(ref)) ?? noProfile();
		await store.correct(decide(found, ref), { actor, reason: body.reason, at: now() });
		return c.json(await store.findProfile(ref));
	}

	api.add(
		{
			...post,
			path: "/v1/profiles/{ref}/merge",
			id: "mergeProfile",
			summary: "Join another user to the profile",
			description: "An alias made by a person. `unmerge` takes it back.",
			body: userSchema,
			answers,
		},
		(call) =>
			correct(call, (found, ref) => ({
				kind: "merge",
				userId: userOf(found, ref),
				otherUserId: call.body.userId,
			})),
	);

	api.add(
		{
			...post,
			path: "/v1/profiles/{ref}/unmerge",
			id: "unmergeProfile",
			summary: "Take a user out of the profile",
			description: "Aliases and merges before now that name the user stop linking. Newer ones link again.",
			body: userSchema,
			answers,
		},
		(call) =>
			correct(call, (found) => {
				const { userId } = call.body;
				if (found.identifiers.some(({ type, value }) => type === "user_id" && value === userId))
					return { kind: "unmerge", userId };
				throw new RequestError(
					"conflict",
					"This profile does not hold the `userId`, so there is nothing to take apart.",
				);
			}),
	);

	api.add(
		{
			...post,
			path: "/v1/profiles/{ref}/unlink",
			id: "unlinkIdentifier",
			summary: "Take an identifier off another",
			description: "Links between the two before now stop counting, whichever of them led. Newer ones count again.",
			body: unlinkSchema,
			answers,
		},
		(call) => correct(call, () => ({ kind: "unlink", identifier: call.body.identifier, from: call.body.from })),
	);

	api.add(
		{
			method: "delete",
			path: "/v1/profiles/{ref}",
			id: "deleteProfile",
			tag: "Corrections",
			scope: "admin",
			idempotent: true,
			summary: "Delete a person",
			description:
				"Removes the events that the profile owns, its traits and the identifiers it holds. What comes late and would " +
				"have been theirs is dropped when it arrives.",
			query: {
				suppress: flag("Drops later events of these identifiers as well."),
				dryRun: flag("Only counts."),
			},
			body: deleteSchema,
			answers: { 200: json(receipt, "What was deleted, or would be."), 404: error("There is no such profile.") },
		},
		async ({ c, params, query, body: { reason }, actor }) => {
			const attribution = { actor, reason, at: now() };
			return c.json((await store.deleteProfile(readRef(params.ref), query, attribution)) ?? noProfile());
		},
	);
}

/** The user that a reference means: itself, or the first of its profile. */
function userOf({ identifiers }: Profile, ref: ProfileRef): string {
	const users = identifiers.filter(({ type }) => type === "user_id").map(({ value }) => value);
	const named = "type" in ref && ref.type === "user_id" ? users.find((user) => user === ref.value) : undefined;
	const user = named ?? users[0];
	if (user !== undefined) return user;
	throw new RequestError(
		"conflict",
		"This profile has no `user_id`, and a merge joins users. To bring an anonymous profile to a user, send an `alias` " +
			"event with the user as `userId` and the profile's anonymous id as `previousId`.",
	);
}
