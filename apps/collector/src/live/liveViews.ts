import type { IdentityDecision } from "@selfsame/store";
import { z } from "zod";
import { event, identifier, identity, named, rejectedEvent } from "../api/views.ts";

const decision = z.object({
	identifiers: z.array(identifier).meta({ description: "Those of the event that identify, the leading one first." }),
	changes: z.array(
		z.object({
			kind: z.enum(["claim", "union", "contest", "split", "share"]).meta({
				description:
					"`claim`: the identifier went to the user `other`. `union`: it and `other` became one. `contest`: from now on " +
					"it has more than one owner. `split`: it came apart. `share`: it identifies nobody from now on.",
			}),
			identifier,
			other: identifier.nullable(),
		}),
	),
	refused: z
		.array(identity.shape.refused.element.pick({ identifier: true, from: true, reason: true }))
		.nullable()
		.meta({ description: "Null: too much to say in passing; the profile's identity says it." }),
}) satisfies z.ZodType<IdentityDecision>;

// One message of the live stream, as its `data` holds it. OpenAPI 3.1 has no place for it in a stream's answer, so it
// stands among the components by itself.
named(
	"LiveMessage",
	z.discriminatedUnion("verdict", [
		z.object({
			verdict: z.literal("accepted"),
			seq: z.int(),
			profileId: z.string().nullable(),
			event,
			identity: decision,
		}),
		z.object({ verdict: z.literal("rejected"), ...rejectedEvent.shape }),
	]),
);
