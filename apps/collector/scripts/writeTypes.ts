/** What of a JSON Schema the collector's description uses. */
interface Schema {
	$ref?: string;
	type?: string | string[];
	description?: string;
	enum?: unknown[];
	const?: unknown;
	anyOf?: Schema[];
	oneOf?: Schema[];
	allOf?: Schema[];
	items?: Schema;
	prefixItems?: Schema[];
	properties?: Record<string, Schema>;
	required?: string[];
	additionalProperties?: boolean | Schema;
	$defs?: Record<string, Schema>;
}

interface Parameter {
	name: string;
	in: string;
	description?: string;
	schema: Schema;
}

interface Operation {
	operationId: string;
	tags: string[];
	summary: string;
	parameters?: Parameter[];
	requestBody?: { content: Record<string, { schema: Schema }> };
	responses: Record<string, { content?: Record<string, { schema: Schema }> }>;
}

export interface Described {
	paths: Record<string, Record<string, Operation>>;
	components: { schemas: Record<string, Schema> };
}

/** What a client of profiles calls: not what other clients and browsers do. */
const tags = new Set(["Profiles", "Corrections", "Groups", "Events", "Export"]);

/** Schemas that no answer names: a stream's messages. */
const roots = ["LiveMessage"];

/** TypeScript of a description: its schemas as types, its operations as one type and one table. */
export function writeTypes({ paths, components }: Described): string {
	const operations = Object.entries(paths).flatMap(([path, methods]) =>
		Object.entries(methods)
			.filter(([, { tags: own, operationId }]) => own.some((tag) => tags.has(tag)) || operationId === "getStats")
			.map(([method, operation]) => ({ method: method.toUpperCase(), path, ...operation })),
	);
	const signatures = operations.map(writeOperation);
	const needed = reach(components.schemas, [...roots, ...signatures].join("\n"));
	const types = Object.entries(components.schemas)
		.filter(([name]) => needed.has(name))
		.map(([name, schema]) => `${comment(schema.description, "")}export type ${name} = ${typeOf(schema, "")};\n`);
	const table = operations.map(
		({ operationId, method, path }) => `\t${operationId}: ["${method}", ${JSON.stringify(path)}],\n`,
	);
	return `// Written from the collector's routes by \`pnpm generate:client\` in apps/collector. Not to be edited.

${types.join("\n")}
/** What each call takes and answers with. */
export interface Operations {
${signatures.join("")}}

/** The method and the path of each call. */
export const operations = {
${table.join("")}} as const satisfies Record<keyof Operations, readonly [method: string, path: string]>;
`;
}

function writeOperation({
	operationId,
	summary,
	path,
	parameters = [],
	requestBody,
	responses,
}: Operation & { path: string }) {
	const names = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => `${name}: string`);
	const query = parameters.filter((parameter) => parameter.in === "query");
	const fields = [
		...(names.length > 0 ? [`params: { ${names.join("; ")} };`] : []),
		...(query.length > 0 ? [`query: ${typeOf(toObject(query), "\t\t")};`] : []),
		...(requestBody ? [`body: ${typeOf(requestBody.content["application/json"]?.schema ?? {}, "\t\t")};`] : []),
		`answer: ${answerOf(responses[200]?.content ?? {})};`,
	];
	return `${comment(summary, "\t")}\t${operationId}: {\n${fields.map((field) => `\t\t${field}\n`).join("")}\t};\n`;
}

/** What is no JSON is read as it comes. */
function answerOf(content: Record<string, { schema: Schema }>): string {
	const json = content["application/json"];
	return json ? typeOf(json.schema, "\t\t") : "ReadableStream<Uint8Array<ArrayBuffer>>";
}

function toObject(query: readonly Parameter[]): Schema {
	const properties = query.map(({ name, description, schema }) => [
		name,
		{ ...schema, ...(description ? { description } : {}) },
	]);
	return { type: "object", properties: Object.fromEntries(properties), additionalProperties: false };
}

function typeOf(schema: Schema, indent: string): string {
	if (schema.$ref) return schema.$ref.split("/").at(-1) ?? "unknown";
	if (schema.enum) return schema.enum.map((value) => JSON.stringify(value)).join(" | ");
	if (schema.const !== undefined) return JSON.stringify(schema.const);
	const choices = schema.anyOf ?? schema.oneOf;
	if (choices) return [...new Set(choices.map((choice) => typeOf(choice, indent)))].join(" | ");
	if (schema.allOf) return schema.allOf.map((part) => typeOf(part, indent)).join(" & ");
	if (Array.isArray(schema.type)) return schema.type.map((type) => typeOf({ ...schema, type }, indent)).join(" | ");
	if (schema.type === "array") return arrayOf(schema, indent);
	if (schema.type === "object" || schema.properties) return objectOf(schema, indent);
	const plain: Record<string, string> = {
		integer: "number",
		number: "number",
		string: "string",
		boolean: "boolean",
		null: "null",
	};
	return plain[schema.type ?? ""] ?? "unknown";
}

function arrayOf({ prefixItems, items }: Schema, indent: string): string {
	if (prefixItems) {
		const rest = items ? [`...${wrap(typeOf(items, indent))}[]`] : [];
		return `[${[...prefixItems.map((item) => typeOf(item, indent)), ...rest].join(", ")}]`;
	}
	return `${wrap(typeOf(items ?? {}, indent))}[]`;
}

/** In parentheses, where several types are one. */
function wrap(type: string): string {
	let outside = type;
	// From the innermost braces outwards, since what stands between two objects is outside of both.
	for (let before = ""; before !== outside; ) {
		before = outside;
		outside = outside.replaceAll(/\{[^{}]*\}/g, "");
	}
	return /[|&]/.test(outside) ? `(${type})` : type;
}

function objectOf({ properties = {}, required = [], additionalProperties }: Schema, indent: string): string {
	const inner = `${indent}\t`;
	const fields = Object.entries(properties).map(([name, schema]) => {
		const key = /^[A-Za-z_$][\w$]*$/.test(name) ? name : JSON.stringify(name);
		return `${comment(schema.description, inner)}${inner}${key}${required.includes(name) ? "" : "?"}: ${typeOf(schema, inner)};\n`;
	});
	// What else there may be is of any type, or its own fields would have to be of that type too.
	if (typeof additionalProperties === "object" || additionalProperties === true) {
		const plain = fields.length === 0 && typeof additionalProperties === "object";
		// Not a `Record`, inside of which a type may not name itself.
		if (plain) return `{ [key: string]: ${typeOf(additionalProperties as Schema, indent)} }`;
		fields.push(`${inner}[other: string]: unknown;\n`);
	}
	return fields.length === 0 ? "Record<string, never>" : `{\n${fields.join("")}${indent}}`;
}

function comment(text: string | undefined, indent: string): string {
	return text ? `${indent}/** ${text.replaceAll("*/", "* /").replaceAll(/\s*\n\s*/g, " ")} */\n` : "";
}

/** The schemas that a text names, and those that these name. */
function reach(schemas: Record<string, Schema>, text: string): Set<string> {
	const found = new Set<string>();
	const visit = (words: string) => {
		for (const word of new Set(words.match(/\b[A-Z]\w*\b/g))) {
			if (!Object.hasOwn(schemas, word) || found.has(word)) continue;
			found.add(word);
			visit(typeOf(schemas[word] as Schema, ""));
		}
	};
	visit(text);
	return found;
}
