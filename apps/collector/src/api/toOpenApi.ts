import { z } from "zod";
import type { Parameter } from "../routes/parameters.ts";
import { commonAnswers } from "./commonAnswers.ts";
import type { Answer, JsonSchema, Route } from "./route.ts";
import { components } from "./views.ts";

type Schemas = (schema: z.ZodType) => JsonSchema;

/** In the order in which they are shown. */
const tags: Record<Route["tag"], string> = {
	Profiles: "People: who they are, what they did, and why they are one person.",
	Groups: "Companies, teams and households, and who belongs to them.",
	Events: "Events as they arrive, and those that were not accepted.",
	Corrections: "What a person decides about people: merging, taking apart, deleting.",
	Export: "All of it at once.",
	Segment: "The shapes of Segment's Profile API, for readers that know it.",
	Operations: "How the collector fares.",
	Ingest: "Where events go in.",
};

/** The description of all routes as an OpenAPI 3.1 document, whose schemas are JSON Schema 2020-12. */
export function toOpenApi(routes: readonly Route[]): JsonSchema {
	const answers = convert(
		routes.flatMap((route) => Object.values(answersOf(route)).flatMap(schemasOf)),
		"output",
	);
	const bodies = convert(
		routes.flatMap(({ body }) => (body ? [body] : [])),
		"input",
	);
	const paths: Record<string, JsonSchema> = {};
	for (const route of routes) {
		paths[route.path] = { ...paths[route.path], [route.method]: toOperation(route, answers.schemaOf, bodies.schemaOf) };
	}
	return {
		openapi: "3.1.0",
		info: {
			title: "Selfsame",
			// That of the paths, which all begin with it.
			version: "1",
			summary: "Events in, profiles out.",
			description:
				"Ingest paths take a write key; they are those of Segment's, RudderStack's and Jitsu's clients. All else takes a " +
				"secret key. Without the scope `pii:read`, personal traits and identifiers come as `***`. Errors are " +
				"`application/problem+json` with a stable `code`.",
			license: { name: "Apache-2.0", identifier: "Apache-2.0" },
		},
		// Where this document is, below whatever path a proxy shows it at.
		servers: [{ url: "./" }],
		tags: Object.entries(tags).map(([name, description]) => ({ name, description })),
		paths,
		components: {
			schemas: { ...answers.named, ...bodies.own },
			securitySchemes: {
				bearer: { type: "http", scheme: "bearer", description: "A secret key." },
				basic: { type: "http", scheme: "basic", description: "A secret key, or a write key, as the user name." },
				writeKey: { type: "apiKey", in: "header", name: "x-write-key", description: "A write key." },
			},
		},
	};
}

function toOperation(route: Route, answerSchema: Schemas, bodySchema: Schemas): JsonSchema {
	const { id, tag, summary, description, scope, openOnLoopback, body } = route;
	const parameters = [...pathParameters(route.path), ...queryParameters(route.query ?? {}), ...headerParameters(route)];
	return {
		operationId: id,
		tags: [tag],
		summary,
		...(description ? { description } : {}),
		security: [...securityOf(scope), ...(openOnLoopback ? [{}] : [])],
		...(parameters.length > 0 ? { parameters } : {}),
		...(body
			? { requestBody: { required: !isOptional(body), content: { "application/json": { schema: bodySchema(body) } } } }
			: {}),
		responses: Object.fromEntries(
			Object.entries(answersOf(route)).map(([status, answer]) => [status, toResponse(answer, answerSchema)]),
		),
	};
}

function isOptional(body: z.ZodType): boolean {
	return body.safeParse({}).success;
}

/** A secret key's scope is named the way OpenAPI 3.1 names roles. */
function securityOf(scope: Route["scope"]): JsonSchema[] {
	if (scope === "write") return [{ basic: [] }, { bearer: [] }, { writeKey: [] }];
	return scope === null ? [] : [{ bearer: [scope] }, { basic: [scope] }];
}

function answersOf(route: Route): Record<string, Answer> {
	return { ...commonAnswers(route), ...route.answers };
}

function toResponse({ description, content, headers }: Answer, schemaOf: Schemas): JsonSchema {
	const toHeader = ([name, about]: [string, string]) => [name, { description: about, schema: { type: "string" } }];
	return {
		description,
		...(headers ? { headers: Object.fromEntries(Object.entries(headers).map(toHeader)) } : {}),
		...(content
			? {
					content: Object.fromEntries(
						Object.entries(content).map(([type, schema]) => [type, { schema: schemaOf(schema) }]),
					),
				}
			: {}),
	};
}

const pathDescriptions: Record<string, string> = {
	ref: "A profile's id (`pro_...`), or `type:value` of one of its identifiers, percent-encoded.",
	key: "A trait's key, percent-encoded.",
	id: "The group's id, percent-encoded.",
	space: "Any: a workspace is one space.",
	collection: "`users` or `accounts`.",
};

function pathParameters(path: string): JsonSchema[] {
	return [...path.matchAll(/\{(\w+)\}/g)].map(([, name = ""]) => ({
		name,
		in: "path",
		required: true,
		...(pathDescriptions[name] ? { description: pathDescriptions[name] } : {}),
		schema: { type: "string" },
	}));
}

function queryParameters(query: Record<string, Parameter>): JsonSchema[] {
	return Object.entries(query).map(([name, { description, schema }]) => ({ name, in: "query", description, schema }));
}

function headerParameters({ idempotent }: Route): JsonSchema[] {
	if (!idempotent) return [];
	const description =
		"Any text of your own, new for each request that is meant: a repetition with the same key and the same request is answered as the first was, and changes nothing.";
	return [{ name: "Idempotency-Key", in: "header", description, schema: { type: "string", maxLength: 255 } }];
}

function schemasOf({ content }: Answer): z.ZodType[] {
	return Object.values(content ?? {});
}

const refTo = (id: string) => `#/components/schemas/${id}`;

/** Turns schemas into JSON Schema, with references to those that have a name. */
function convert(schemas: readonly z.ZodType[], io: "input" | "output") {
	const ids = new Map([...components].map(([id, schema]) => [schema, id]));
	for (const schema of schemas) if (!ids.has(schema)) ids.set(schema, `inline ${ids.size}`);
	const registry = z.registry<{ id: string }>();
	for (const [schema, id] of ids) registry.add(schema, { id });
	const all = z.toJSONSchema(registry, { io, unrepresentable: "any", uri: refTo }).schemas;
	const plain = new Map(Object.entries(all).map(([id, { $id, $schema, ...rest }]) => [id, rest as JsonSchema]));
	return {
		/** Those of the schemas given that have a name. */
		own: Object.fromEntries(
			schemas.flatMap((schema) => {
				const id = ids.get(schema) as string;
				return components.has(id) ? [[id, plain.get(id) as JsonSchema]] : [];
			}),
		),
		named: Object.fromEntries([...components.keys()].sort().map((id) => [id, plain.get(id) as JsonSchema])),
		schemaOf(schema: z.ZodType): JsonSchema {
			const id = ids.get(schema) as string;
			return components.has(id) ? { $ref: refTo(id) } : (plain.get(id) as JsonSchema);
		},
	};
}
