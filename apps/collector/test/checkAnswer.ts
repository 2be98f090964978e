import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";
import addFormats from "ajv-formats";

interface Operation {
	responses: Record<string, { content?: Record<string, unknown> }>;
}

export interface OpenApiDocument {
	paths: Record<string, Record<string, Operation>>;
}

/** What the collector answered, to whom. */
export interface Exchange {
	method: string;
	/** With its query. */
	path: string;
	status: number;
	contentType: string | null;
	/** Parsed where it is JSON; null where there is no body. */
	body: unknown;
}

/** Whether a value is as a schema of the document says; what is wrong with it otherwise. */
export function createSchemaCheck(document: OpenApiDocument, schema: string): (value: unknown) => string | null {
	const ajv = createAjv(document);
	const validate = ajv.compile({ $ref: `openapi#/components/schemas/${schema}` });
	return (value) => (validate(value) ? null : ajv.errorsText(validate.errors));
}

function createAjv(document: OpenApiDocument): Ajv2020 {
	const ajv = (addFormats as unknown as (ajv: Ajv2020) => Ajv2020)(new Ajv2020({ strict: false, allErrors: false }));
	return ajv.addSchema({ $id: "openapi", ...document });
}

/**
 * Holds answers against the document that describes them.
 *
 * @returns a function that throws for a status, a content type or a body that the document does not know.
 */
export function createAnswerCheck(document: OpenApiDocument): (exchange: Exchange) => void {
	const ajv = createAjv(document);
	const compiled = new Map<string, ValidateFunction>();
	const templates = Object.keys(document.paths).map((template) => ({ template, pattern: toPattern(template) }));

	const validatorOf = (pointer: string[]): ValidateFunction => {
		const ref = `openapi#/${pointer.map((part) => encodeURIComponent(part.replaceAll("~", "~0").replaceAll("/", "~1"))).join("/")}`;
		const known = compiled.get(ref) ?? ajv.compile({ $ref: ref });
		compiled.set(ref, known);
		return known;
	};

	return ({ method, path, status, contentType, body }) => {
		const [plainPath = ""] = path.split("?");
		const verb = method === "HEAD" ? "get" : method.toLowerCase();
		// Browsers' own question before a request; no call of the API.
		if (verb === "options") return;
		const found =
			templates.find(({ template }) => template === plainPath) ??
			templates.find(({ pattern, template }) => pattern.test(plainPath) && document.paths[template]?.[verb]);
		const operation = found && document.paths[found.template]?.[verb];
		const fail = (what: string): never => {
			throw new Error(`${method} ${found?.template ?? plainPath} answered ${status}, ${what}`);
		};
		if (!found || !operation) {
			if (status !== 404 && status !== 405) fail("and no such operation is described");
			if (!validatorOf(["components", "schemas", "Problem"])(body)) fail("which is no problem");
			return;
		}
		const response = operation.responses[status] ?? fail("which is not described");
		const type = contentType?.split(";")[0] ?? null;
		if (!response.content) {
			if (body !== null) fail("with a body that is not described");
			return;
		}
		if (type === null || !response.content[type]) fail(`as ${type}, which is not described`);
		// A HEAD has the headers alone, and what streams is checked by whoever reads it.
		if (method === "HEAD" || type?.includes("json") === false || type === "application/x-ndjson") return;
		const pointer = ["paths", found.template, verb, "responses", `${status}`, "content", type as string, "schema"];
		const validate = validatorOf(pointer);
		if (validate(body)) return;
		const [error] = validate.errors ?? [];
		fail(`whose body is not as described: ${error?.instancePath} ${error?.message} ${JSON.stringify(error?.params)}`);
	};
}

function toPattern(template: string): RegExp {
	const parts = template.split(/\{\w+\}/).map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&"));
	return new RegExp(`^${parts.join("[^/]+")}$`);
}
