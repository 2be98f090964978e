import { isIP } from "node:net";
import type { JsonObject } from "@selfsame/protocol";
import { z } from "zod";
import { findOriginFault } from "./findOriginFault.ts";

/** What can be set for each source, by its shape alone: as stored, by whatever version. */
const storedSchema = z.strictObject({
	/**
	 * What becomes of addresses: `off` keeps none, not even one that the event carries; `truncated` keeps the network
	 * (IPv4 to 24 bits, IPv6 to 48); `kept` keeps all of it. Left out: none is added, an event's own stays.
	 */
	ip: z.enum(["off", "truncated", "kept"]).optional(),
	/** Origins that pages may send from, as browsers send them: see `findOriginFault`. Left out: any. */
	allowedOrigins: z.array(z.string(), 'write a list such as ["https://shop.example"]').optional(),
	/**
	 * Lets answers refresh the browser SDK's cookie (its option `serverCookie`), which browsers keep longer when a server
	 * set it: for pages of `origins`, under `domain`, which must be that of the SDK's own cookie: the widest that pages and
	 * collector share, such as `shop.example`. Without `domain` it is the collector's host alone, as on localhost.
	 */
	serverCookie: z
		.strictObject({
			origins: z.array(z.string(), 'write a list such as ["https://shop.example"]').min(1),
			domain: z.string().optional(),
		})
		.optional(),
	/** Events a second that one key may send, and one address; a burst of ten seconds' worth is let through. */
	rateLimit: z
		.strictObject({ perKey: z.number().positive().optional(), perAddress: z.number().positive().optional() })
		.optional(),
	/** Whether a `userId` from this client source needs proof. */
	identityVerification: z.enum(["off", "monitor", "enforce"]).optional(),
	/** Secrets that sign identity tokens, by `kid`; two at once while one replaces the other. */
	identitySecrets: z
		.record(
			z.string().min(1).max(64),
			z.string().min(32, "at least 32 characters"),
			'write {"2026-01": "at least 32 random characters"}',
		)
		.optional(),
});

export type SourceOptions = z.infer<typeof storedSchema>;

/** Their names. */
export const optionNames = Object.keys(storedSchema.shape);

/**
 * Why these options cannot be what was meant: each fault names the option, the value and the right form. What would match
 * nothing is refused when it is set; a source that has it stored goes on as it was.
 *
 * @param publicUrl where the collector is reached, if that is known: its cookies are of that host.
 */
export function findOptionFaults(options: unknown, publicUrl?: string): string[] {
	const parsed = storedSchema.safeParse(options, { reportInput: true });
	if (parsed.success) return findImpossible(parsed.data, publicUrl);
	return parsed.error.issues.map(({ path, message, input }) => {
		// A secret stands in no message.
		const value =
			path[0] === "identitySecrets" || input === undefined ? "" : `${JSON.stringify(input).slice(0, 200)}: `;
		return `${path.map(String).join(".") || "options"}: ${value}${message}`;
	});
}

function findImpossible(options: SourceOptions, publicUrl: string | undefined): string[] {
	const { allowedOrigins, rateLimit, identityVerification, identitySecrets } = options;
	const faults = [...originFaults("allowedOrigins", allowedOrigins), ...cookieFaults(options, publicUrl)];
	if (rateLimit && Object.keys(rateLimit).length === 0)
		faults.push('rateLimit: it limits nothing. Write {"perKey": 1000}, {"perAddress": 20}, or both.');
	for (const [name, rate] of Object.entries({ ...rateLimit })) {
		if (rate === undefined) continue;
		if (rate < MIN_RATE || rate > MAX_RATE)
			faults.push(`rateLimit.${name}: ${rate} is out of range; events a second, from ${MIN_RATE} to ${MAX_RATE}.`);
	}
	const secrets = Object.keys(identitySecrets ?? {}).length;
	const form = `identitySecrets '{"2026-01": "at least 32 random characters"}'`;
	if (identitySecrets && secrets === 0) faults.push(`identitySecrets: it names no secret. Write ${form}, or unset it.`);
	else if (identityVerification === "enforce" && secrets === 0) {
		faults.push(
			`identityVerification: "enforce" without a secret proves nobody. First: selfsame sources set ID ${form}`,
		);
	}
	return faults;
}

/** One event in some 17 minutes, and more than a machine takes. */
const MIN_RATE = 0.001;
const MAX_RATE = 1_000_000;

function originFaults(name: string, origins: readonly string[] | undefined): string[] {
	if (origins?.length === 0) return [`${name}: it names no origin, so that no page may send. Name some, or unset it.`];
	return (origins ?? []).flatMap((origin) => {
		const fault = findOriginFault(origin);
		return fault === null ? [] : [`${name}: ${JSON.stringify(origin)}: ${fault}.`];
	});
}

function cookieFaults({ serverCookie, allowedOrigins }: SourceOptions, publicUrl: string | undefined): string[] {
	if (!serverCookie) return [];
	const { origins, domain } = serverCookie;
	const wrong = originFaults("serverCookie.origins", origins);
	const wrongDomain = domain === undefined ? null : findDomainFault(domain);
	if (wrongDomain) wrong.push(`serverCookie.domain: ${JSON.stringify(domain)}: ${wrongDomain}.`);
	if (wrong.length > 0) return wrong;
	if (domain !== undefined && publicUrl !== undefined && !isUnder(publicUrl, domain))
		wrong.push(
			`serverCookie.domain: ${JSON.stringify(domain)}: publicUrl is not under it, and browsers keep no cookie that another site sets.`,
		);
	for (const origin of origins) {
		const at = `serverCookie.origins: ${JSON.stringify(origin)}:`;
		if (!/^https?:/.test(origin)) wrong.push(`${at} only pages of http and https keep cookies.`);
		else if (allowedOrigins && !allowedOrigins.includes(origin))
			wrong.push(`${at} its pages may not send. Add it to allowedOrigins first.`);
		else if (domain !== undefined && !isUnder(origin, domain))
			wrong.push(`${at} its pages are not under the domain ${domain}, and would keep no cookie of it.`);
	}
	return wrong;
}

const isUnder = (url: string, domain: string) => `.${new URL(url).hostname}`.endsWith(`.${domain}`);

function findDomainFault(domain: string): string | null {
	const isPlain = /^[a-z0-9_-]+(\.[a-z0-9_-]+)+$/.test(domain);
	if (isPlain && isIP(domain) === 0) return null;
	const host = domain.replace(/^[a-z]+:\/\//i, "").replace(/^[.*]+/, "");
	const { hostname = "" } = URL.canParse(`https://${host}`) ? new URL(`https://${host}`) : {};
	if (isIP(hostname.replace(/[[\]]/g, "")) > 0 || !hostname.includes("."))
		return "browsers keep no cookie for an address, or for a name without a dot; leave the domain out";
	return `write \`${hostname.replace(/\.$/, "")}\``;
}

/** Options as stored. What an older or newer version wrote must not lock its source out: unknown keys are ignored. */
export function parseSourceOptions(stored: JsonObject): SourceOptions {
	const known = Object.fromEntries(Object.entries(stored).filter(([key]) => key in storedSchema.shape));
	const parsed = storedSchema.safeParse(known);
	if (parsed.success) return parsed.data;
	throw new Error(`The options stored for a source are not valid: ${z.prettifyError(parsed.error)}`);
}
