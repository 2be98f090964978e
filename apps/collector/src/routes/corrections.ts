import { createBlocked, normaliseEmail, normaliseValue } from "@selfsame/identity";
import type { Identifier, Profile } from "@selfsame/protocol";
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
export function correctionRoutes(api: Api, { store, now, config }: Pick<Deps, "store" | "now" | "config">): void {
	const blocked = createBlocked(config);
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

	/** An identifier in the spelling that it is stored in: one in another would correct nothing. */
	function spell(sent: Identifier): Identifier {
		const value = normalise(sent);
		if (value !== null && !blocked(value)) return { type: sent.type, value };
		throw new RequestError(
			"invalid_request",
			"One of the values is a placeholder or no address: it identifies nobody.",
		);
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
			correct(call, (found, ref) => {
				const userId = userOf(found, ref);
				const { value: otherUserId } = spell({ type: "user_id", value: call.body.userId });
				if (otherUserId !== userId) return { kind: "merge", userId, otherUserId };
				throw new RequestError(
					"conflict",
					"The `userId` is the profile's own. Name the user who is to be joined to it.",
				);
			}),
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
				const user = spell({ type: "user_id", value: call.body.userId });
				if (holds(found.identifiers, user)) return { kind: "unmerge", userId: user.value };
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
		(call) =>
			correct(call, ({ identifiers, pastIdentifiers }) => {
				const [identifier, from] = [spell(call.body.identifier), spell(call.body.from)];
				const held = [...identifiers, ...pastIdentifiers];
				if (holds(held, identifier) || holds(held, from)) return { kind: "unlink", identifier, from };
				throw new RequestError(
					"conflict",
					"This profile holds neither of the two. Name the profile that holds one of them.",
				);
			}),
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
	const named = "type" in ref && ref.type === "user_id" ? users.find((user) => user === normalise(ref)) : undefined;
	const user = named ?? users[0];
	if (user !== undefined) return user;
	throw new RequestError(
		"conflict",
		"This profile has no `user_id`, and a merge joins users. To bring an anonymous profile to a user, send an `alias` " +
			"event with the user as `userId` and the profile's anonymous id as `previousId`.",
	);
}

function normalise({ type, value }: Identifier): string | null {
	return type === "email" ? normaliseEmail(value) : normaliseValue(value);
}

function holds(identifiers: readonly Identifier[], { type, value }: Identifier): boolean {
	return identifiers.some((held) => held.type === type && held.value === value);
}
