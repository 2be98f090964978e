import { cleanText, parseTime } from "@selfsame/protocol/schema";
import type { ProfileRef } from "@selfsame/store";
import type { Context } from "hono";
import { findNearest } from "../findNearest.ts";
import { RequestError } from "../problem.ts";

/** One query parameter: how it is described, and how its text is read. */
export interface Parameter<T = unknown> {
	description: string;
	/** JSON Schema of what may be sent. */
	schema: Record<string, unknown>;
	/** undefined: as if it had been left out. @throws RequestError that says what is expected. */
	read(text: string, name: string): T | undefined;
}

/** A parameter that has a value when it is left out. */
export interface Defaulted<T> extends Parameter<T> {
	fallback: T;
}

export type Parameters = Readonly<Record<string, Parameter>>;

/** What parameters read as: those with a default are always there, others only when sent. */
export type QueryOf<Q extends Parameters> = {
	[K in keyof Q as Q[K] extends Defaulted<unknown> ? K : never]: Q[K] extends Defaulted<infer T> ? T : never;
} & { [K in keyof Q as Q[K] extends Defaulted<unknown> ? never : K]?: Q[K] extends Parameter<infer T> ? T : never };

/** `limit`, a whole number from 1. */
export function limit(max: number, fallback: number): Defaulted<number> {
	return {
		description: "How many to answer with at most.",
		schema: { type: "integer", minimum: 1, maximum: max, default: fallback },
		fallback,
		read(text, name) {
			const value = Number(text);
			if (/^\d+$/.test(text) && value >= 1 && value <= max) return value;
			throw new RequestError("invalid_request", `\`${name}\` must be a whole number from 1 to ${max}.`);
		},
	};
}

/**
 * An instant, ISO 8601 or ms since 1970, read as ms. Numbers of the first weeks of 1970 are refused: they are seconds, years
 * or dates without dashes, and would be an instant that nobody means.
 */
export function instant(description: string): Parameter<number> {
	return {
		description: `${description} ISO 8601, or ms since 1970.`,
		schema: { type: "string", examples: ["2026-01-31T12:00:00.000Z"] },
		read(text, name) {
			if (text === "") return undefined;
			if (/^-?\d{1,10}$/.test(text) && Number(text) !== 0) {
				const detail = `\`${name}\` must be ms since 1970 where it is a number; this one is too small, as seconds and years are.`;
				throw new RequestError(
					"invalid_request",
					`${detail} Or send an ISO 8601 date such as 2026-01-31T12:00:00.000Z.`,
				);
			}
			// A `+` of a zone that was not percent-encoded arrives as a space.
			const time = parseTime(/^-?\d+$/.test(text) ? Number(text) : text.replace(/ (?=\d\d:?\d\d$)/, "+"));
			if (time !== null) return time;
			throw new RequestError(
				"invalid_request",
				`\`${name}\` must be an ISO 8601 date such as 2026-01-31T12:00:00.000Z.`,
			);
		},
	};
}

export function flag(description: string): Defaulted<boolean> {
	return {
		description,
		schema: { type: "boolean", default: false },
		fallback: false,
		read(text, name) {
			if (text === "false" || text === "0") return false;
			if (text === "" || text === "true" || text === "1") return true;
			throw new RequestError("invalid_request", `\`${name}\` must be true or false.`);
		},
	};
}

/** One of a set of words. */
export function choice<const T extends string>(choices: readonly T[], description: string): Parameter<T> {
	return {
		description,
		schema: { type: "string", enum: choices },
		read(text, name) {
			const chosen = choices.find((candidate) => candidate === text);
			if (chosen !== undefined) return chosen;
			throw new RequestError("invalid_request", `\`${name}\` must be one of ${choices.join(", ")}.`);
		},
	};
}

/** Some of a set of words, with commas between them. */
export function choices<const T extends string>(known: readonly T[], description: string): Parameter<T[]> {
	const one = choice(known, description);
	return {
		description: `${description} With commas between: ${known.map((word) => `\`${word}\``).join(", ")}.`,
		schema: { type: "string", examples: [known.slice(0, 2).join(",")] },
		read(text, name) {
			if (text === "") return undefined;
			return text.split(",").map((word) => one.read(word.trim(), name) as T);
		},
	};
}

/** Some words, whichever they are, with commas between them. */
export function words(description: string): Parameter<string[]> {
	return {
		description: `${description} With commas between.`,
		schema: { type: "string" },
		read: (text) => {
			const found = text.split(",").filter((word) => word !== "");
			return found.length > 0 ? found : undefined;
		},
	};
}

/** Any text; an empty one counts as left out. */
export function text(description: string): Parameter<string> {
	return { description, schema: { type: "string" }, read: (value) => (value === "" ? undefined : value) };
}

/** `limit` and `cursor` of a list. */
export const page = {
	limit: limit(1_000, 50),
	cursor: text("Where to go on: `page.next` of the answer before, with the same filters."),
};

/** `asOf`, for reads. */
export const asOf = { asOf: instant("Answers as of this instant, instead of now.") };

/** Reads what a query may hold. Whatever else is in it was meant to change the answer, so it is refused, or let through. */
export function readQuery<Q extends Parameters>(c: Context, parameters: Q, tolerant = false): QueryOf<Q> {
	const sent = c.req.queries();
	const unknown = Object.keys(sent).find((name) => !Object.hasOwn(parameters, name));
	if (unknown !== undefined && !tolerant) throw unknownParameter(unknown, Object.keys(parameters));
	const entries = Object.entries(parameters).flatMap(([name, parameter]) => {
		const values = sent[name] ?? [];
		if (values.length > 1) throw new RequestError("invalid_request", `\`${name}\` is there more than once.`);
		const value = values[0] === undefined ? undefined : parameter.read(values[0], name);
		if (value !== undefined) return [[name, value]];
		return "fallback" in parameter ? [[name, parameter.fallback]] : [];
	});
	return Object.fromEntries(entries) as QueryOf<Q>;
}

/** Says what there is, and nothing of what was sent: that may be personal. */
function unknownParameter(name: string, known: string[]): RequestError {
	const nearest = findNearest(name, known);
	const all = known.length === 0 ? "It takes none." : `It takes ${known.map((own) => `\`${own}\``).join(", ")}.`;
	const hint = nearest ? ` Did you mean \`${nearest}\`?` : "";
	return new RequestError("invalid_request", `This call does not know one of the query parameters.${hint} ${all}`);
}

/** Reads the parts of a path that a template names, each decoded once, so that they may hold anything; as the
 * store keeps them, without NUL. */
export function readPath(c: Context, template: string): Record<string, string> {
	// The address as it came; Hono's own path is half decoded already.
	const segments = /^\w+:\/\/[^/]*([^?#]*)/.exec(c.req.url)?.[1]?.split("/") ?? [];
	const entries = template.split("/").flatMap((part, at) => {
		if (!part.startsWith("{")) return [];
		try {
			return [[part.slice(1, -1), cleanText(decodeURIComponent(segments[at] ?? ""))]];
		} catch {
			throw new RequestError("invalid_request", "The path is not valid percent-encoding of UTF-8.");
		}
	});
	return Object.fromEntries(entries);
}

/** A profile reference: an id, or `type:value`. */
export function readRef(ref: string): ProfileRef {
	if (ref.startsWith("pro_")) return { id: ref };
	const colon = ref.indexOf(":");
	if (colon > 0 && colon < ref.length - 1) return { type: ref.slice(0, colon), value: ref.slice(colon + 1) };
	const detail = "Name a profile by its id (pro_...) or as type:value, percent-encoded, such as user_id:u1.";
	throw new RequestError("invalid_request", detail);
}
