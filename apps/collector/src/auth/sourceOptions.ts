import type { JsonObject } from "@selfsame/protocol";
import { z } from "zod";

const originSchema = z.string().regex(/^https?:\/\/[^/\s]+$/, "an origin such as https://shop.example");

/** What can be set for each source; `selfsame sources set` checks it with this. */
export const sourceOptionsSchema = z.strictObject({
	/**
	 * What becomes of addresses: `off` keeps none, not even one that the event carries; `truncated` keeps the network
	 * (IPv4 to 24 bits, IPv6 to 48); `kept` keeps all of it. Left out: none is added, an event's own stays.
	 */
	ip: z.enum(["off", "truncated", "kept"]).optional(),
	/** Origins that pages may send from, such as `https://shop.example`. Left out: any. */
	allowedOrigins: z.array(originSchema).optional(),
	/**
	 * Lets answers refresh the browser SDK's cookie (its option `serverCookie`), which browsers keep longer when a server
	 * set it: for pages of `origins`, under `domain`, which must be that of the SDK's own cookie: the widest that pages and
	 * collector share, such as `shop.example`. Without `domain` it is the collector's host alone, as on localhost.
	 */
	serverCookie: z
		.strictObject({
			origins: z.array(originSchema).min(1),
			domain: z
				.string()
				.regex(/^[a-z0-9-]+(\.[a-z0-9-]+)+$/, "a domain such as shop.example")
				.optional(),
		})
		.optional(),
	/** Events a second that one key may send, and one address; a burst of ten seconds' worth is let through. */
	rateLimit: z
		.strictObject({ perKey: z.number().positive().optional(), perAddress: z.number().positive().optional() })
		.optional(),
	/** Whether a `userId` from this client source needs proof. */
	identityVerification: z.enum(["off", "monitor", "enforce"]).optional(),
	/** Secrets that sign identity tokens, by `kid`; two at once while one replaces the other. */
	identitySecrets: z.record(z.string().min(1).max(64), z.string().min(32, "at least 32 characters")).optional(),
});

export type SourceOptions = z.infer<typeof sourceOptionsSchema>;

/** Options as stored. What an older or newer version wrote must not lock its source out: unknown keys are ignored. */
export function parseSourceOptions(stored: JsonObject): SourceOptions {
	const known = Object.fromEntries(Object.entries(stored).filter(([key]) => key in sourceOptionsSchema.shape));
	const parsed = sourceOptionsSchema.safeParse(known);
	if (parsed.success) return parsed.data;
	throw new Error(`The options stored for a source are not valid: ${z.prettifyError(parsed.error)}`);
}
