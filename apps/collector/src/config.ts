import { readFileSync } from "node:fs";
import { defaultIdentityConfig, type IdentifierRule, type IdentityConfig } from "@selfsame/identity";
import { limits } from "@selfsame/protocol";
import { z } from "zod";
import { parseNetwork } from "./auth/createProxyTrust.ts";
import { findBlockedValueFault, findTraitNameFault, findUrlFault } from "./configFaults.ts";
import { findNearest } from "./findNearest.ts";

const limitSchema = z.int().min(1).nullable();

const identifierSchema = z.strictObject({
	priority: z
		.int()
		.min(1)
		.max(100)
		.optional()
		.meta({ description: "3 to 99 (email: 2 to 99); lower leads. Default 50 (email: 2)." }),
	limit: limitSchema.optional().meta({ description: "How many one profile may hold; null is no limit. Default 5." }),
});

/** A text that can be what is meant; where it cannot, the error says why, and the right form. */
function text(findFault: (text: string) => string | null) {
	return z.string("write a text, in double quotes").superRefine((value, context) => {
		const message = findFault(value);
		if (message) context.addIssue({ code: "custom", message });
	});
}

/** What `trustedProxies` may name. */
function findNetworkFault(value: string): string | null {
	try {
		parseNetwork(value);
		return null;
	} catch (error) {
		return (error as Error).message;
	}
}

/** The file that `SELFSAME_CONFIG` names. */
const configSchema = z.strictObject({
	$schema: z.string().optional().meta({ description: "For editors." }),
	identifiers: z
		.record(
			z.string().regex(/^[A-Za-z0-9_.-]{1,64}$/, "a type has 1 to 64 letters, digits, `_`, `.` or `-`"),
			identifierSchema,
			'write {"email": {}}, or {"TYPE": {"priority": 50, "limit": 5}}',
		)
		.default({})
		.meta({
			description: "Identifier types besides user_id and anonymous_id: `email`, and types of context.externalIds.",
		}),
	blockedValues: z
		.array(text(findBlockedValueFault), 'write a list such as ["demo"]')
		.default([])
		.meta({ description: "Your own placeholders that identify nobody, such as `demo`. Case does not matter." }),
	maxUsersPerAnonymousId: z
		.int()
		.min(1)
		.default(defaultIdentityConfig.maxUsersPerAnonymousId)
		.meta({ description: "An anonymous id seen with more users than this is shared and identifies nobody." }),
	maxUsersPerIdentifier: z.int().min(1).default(defaultIdentityConfig.maxUsersPerIdentifier).meta({
		description:
			"An identifier of a type with a limit, seen with more users than this, is shared and identifies nobody.",
	}),
	maxIdentifiersPerUser: z.int().min(1).default(defaultIdentityConfig.maxIdentifiersPerUser).meta({
		description:
			"A user seen with more identifiers of one type with a limit than this is crowded: it is linked with none of that type.",
	}),
	futureSkewSeconds: z
		.int()
		.min(0)
		.max(10 * 365 * 24 * 60 * 60, "at most ten years, in seconds")
		.default(limits.futureSkew / 1_000)
		.meta({ description: "How far into the future an event may be dated before its time of receipt stands instead." }),
	personalTraits: z
		.array(text(findTraitNameFault), 'write a list such as ["phone"]')
		.default([
			...["name", "firstName", "lastName", "fullName", "birthday", "email", "phone", "phoneNumber"],
			...["address", "shippingAddress", "billingAddress"],
		])
		.meta({
			description:
				"Traits that come masked for keys without the scope pii:read, wherever they appear: at any depth of traits, " +
				"properties and context, in whatever spelling (firstName, first_name). A dotted name is a path. One that is a " +
				"type of identifier masks those identifiers.",
		}),
	publicUrl: text(findUrlFault).optional().meta({
		description:
			"The address that pages reach this collector at, with its path if it has one. Default: what the request was sent to.",
	}),
	trustedProxies: z
		.array(text(findNetworkFault), 'write a list such as ["10.0.0.0/8"]')
		.default([])
		.meta({
			description:
				"Addresses or networks of your proxies, whose X-Forwarded-For, -Proto, -Host, -Port and -Prefix count, or whose " +
				"Forwarded where X-Forwarded-For is missing.",
		}),
	rejected: z
		.strictObject({
			maxCount: z.int().min(0).default(100_000),
			maxAgeDays: z.number().positive().max(36_500, "at most 100 years, in days").default(30),
		})
		.default({ maxCount: 100_000, maxAgeDays: 30 })
		.meta({ description: "How many rejected events are kept, and for how long." }),
	queueBytes: z
		.int()
		.min(8 * 1024 * 1024, "at least 8 MiB (8388608)")
		.max(4 * 1024 ** 3, "at most 4 GiB (4294967296)")
		// Parsed, a body takes some ten times its bytes, and half of this is for large ones: a flood stays within 400 MB.
		.default(16 * 1024 * 1024)
		.meta({
			description:
				"Bytes of requests in flight, half of them for requests over 64 KiB; beyond that new ones are answered 429.",
		}),
});

export type Config = z.output<typeof configSchema>;

/** What is wrong with the configuration, for the person who wrote it. */
export class ConfigError extends Error {
	override readonly name = "ConfigError";
}

/** Checks a configuration and fills in the defaults. @throws ConfigError that names the key and what to do. */
export function parseConfig(value: unknown): Config {
	const { identifiers } = { ...(value as Partial<Config> | null) };
	// The schema does not see this name, and JSON may hold it.
	if (identifiers && Object.hasOwn(identifiers, "__proto__"))
		throw new ConfigError("identifiers.__proto__: no such type.");
	const parsed = configSchema.safeParse(value, { reportInput: true });
	if (parsed.success) return refuseImpossible(parsed.data);
	throw new ConfigError(parsed.error.issues.map(describeIssue).join("\n"));
}

/** Reads and checks a configuration file. */
export function readConfig(file: string): Config {
	let text: string;
	try {
		text = readFileSync(file, "utf8").replace(/^\ufeff/, "");
	} catch (error) {
		throw new ConfigError(`SELFSAME_CONFIG names ${file}, which cannot be read: ${(error as Error).message}`);
	}
	let value: unknown;
	try {
		value = JSON.parse(text);
	} catch (error) {
		throw new ConfigError(`${file} is not valid JSON: ${(error as Error).message}`);
	}
	try {
		return parseConfig(value);
	} catch (error) {
		throw new ConfigError(`${file}:\n${(error as Error).message}`);
	}
}

/** The JSON Schema of the configuration file, for editors. */
export function configJsonSchema(): unknown {
	return z.toJSONSchema(configSchema, { io: "input" });
}

/** The identity rules that a configuration asks for, the built-in types included. */
export function toIdentityConfig(config: Config): IdentityConfig {
	const identifiers: Record<string, IdentifierRule> = { ...defaultIdentityConfig.identifiers };
	for (const [type, { priority, limit }] of Object.entries(config.identifiers)) {
		if (Object.hasOwn(defaultIdentityConfig.identifiers, type)) continue;
		identifiers[type] = { priority: priority ?? (type === "email" ? 2 : 50), limit: limit === undefined ? 5 : limit };
	}
	const { blockedValues, maxUsersPerAnonymousId, maxUsersPerIdentifier, maxIdentifiersPerUser } = config;
	return { identifiers, blockedValues, maxUsersPerAnonymousId, maxUsersPerIdentifier, maxIdentifiersPerUser };
}

/** What the schema alone cannot say: which priorities are free, and which types are built in. */
function refuseImpossible(config: Config): Config {
	for (const [type, { priority, limit }] of Object.entries(config.identifiers)) {
		const builtIn = Object.hasOwn(defaultIdentityConfig.identifiers, type) && defaultIdentityConfig.identifiers[type];
		if (builtIn) {
			const isSame =
				(priority ?? builtIn.priority) === builtIn.priority && (limit === undefined || limit === builtIn.limit);
			if (!isSame)
				throw new ConfigError(`identifiers.${type}: this type is built in and cannot be changed. Remove it.`);
		} else if (priority !== undefined) {
			const lowest = type === "email" ? 2 : 3;
			if (priority >= lowest && priority <= 99) continue;
			const detail = `must be ${lowest} to 99: 1 is for user_id, 2 for email and 100 for anonymous_id.`;
			throw new ConfigError(`identifiers.${type}.priority ${detail}`);
		}
	}
	return config;
}

function describeIssue(issue: z.core.$ZodIssue): string {
	const at = issue.path.map(String).join(".");
	if (issue.code !== "unrecognized_keys") return `${at || "the file"}: ${describeInput(issue.input)}${issue.message}`;
	return issue.keys.map((key) => describeUnknown(key, issue.path.map(String))).join("\n");
}

/** The value that is refused, if there is one and it is short enough to read. */
function describeInput(input: unknown): string {
	const written = JSON.stringify(input) ?? "";
	return written === "" || written.length > 200 ? "" : `${written}: `;
}

function describeUnknown(key: string, path: string[]): string {
	const known = knownKeysAt(path);
	const nearest = findNearest(key, known);
	const hint = nearest ? ` Did you mean "${nearest}"?` : ` Known keys: ${known.join(", ")}.`;
	return `${[...path, key].join(".")}: unknown key.${hint}`;
}

function knownKeysAt(path: string[]): string[] {
	if (path.length === 0) return Object.keys(configSchema.shape).filter((key) => key !== "$schema");
	if (path[0] === "identifiers") return Object.keys(identifierSchema.shape);
	return path[0] === "rejected" ? ["maxCount", "maxAgeDays"] : [];
}
