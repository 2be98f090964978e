import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import ts from "typescript";
import { forbiddenGlobals } from "./forbiddenGlobals.mjs";
import { sourceFiles } from "./sourceFiles.mjs";

/** @typedef {import("./forbiddenGlobals.mjs").Finding} Finding */

/** The language itself; whatever else a host offers is I/O, a clock, chance or a way to them. */
const pureGlobals = new Set(
	`Array ArrayBuffer BigInt BigInt64Array BigUint64Array Boolean DataView Error EvalError Float32Array Float64Array Infinity
	Int16Array Int32Array Int8Array Iterator JSON Map NaN Number Object RangeError RegExp Set String Symbol SyntaxError
	TextDecoder TextEncoder TypeError URIError Uint16Array Uint32Array Uint8Array Uint8ClampedArray WeakMap WeakSet arguments
	decodeURI decodeURIComponent encodeURI encodeURIComponent isFinite isNaN parseFloat parseInt structuredClone undefined`.split(
		/\s+/,
	),
);

/** What only some hosts have, and the names by which the global object is reached. */
const hostGlobals = new Set(
	`window document process navigator localStorage sessionStorage location history screen self global frames parent top
	indexedDB caches cookieStore XMLHttpRequest Image Buffer require module exports __dirname __filename Deno Bun eval
	Function`.split(/\s+/),
);

/**
 * Only reading a member by its plain name is fine, and only when that member is.
 *
 * @param {string} object
 * @param {(member: string) => boolean} isForbidden
 * @returns {(use: ts.Identifier) => string | undefined}
 */
function membersOnly(object, isForbidden) {
	return ({ parent }) => {
		if (!ts.isPropertyAccessExpression(parent))
			return `\`${object}\` is used only as \`${object}.name\`, so that this check can read it`;
		return isForbidden(parent.name.text) ? `\`${object}.${parent.name.text}\` has no place here` : undefined;
	};
}

/**
 * A given time may be converted; the present time may not be asked for.
 *
 * @param {ts.Identifier} use
 */
function pureDate(use) {
	const { parent } = use;
	if (ts.isPropertyAccessExpression(parent) && ["UTC", "parse", "prototype"].includes(parent.name.text))
		return undefined;
	if (ts.isBinaryExpression(parent) && parent.operatorToken.kind === ts.SyntaxKind.InstanceOfKeyword) return undefined;
	const [time] = ts.isNewExpression(parent) && parent.expression === use ? (parent.arguments ?? []) : [];
	return time && !ts.isSpreadElement(time) ? undefined : "the clock has no place here: times arrive as arguments";
}

/**
 * identity decides: no I/O, no clock, no chance, no `async`. (Its imports are the arrows' business.)
 *
 * @param {string} root
 */
function identityIsPure(root) {
	return forbiddenGlobals(sourceFiles(path.join(root, "packages/identity/src")), {
		isForbidden: (name) => !pureGlobals.has(name),
		restricted: { Date: pureDate, Math: membersOnly("Math", (member) => member === "random") },
		noAsync: true,
	});
}

/**
 * The SDK's core runs in any JavaScript host, so it names nothing that only some have.
 *
 * @param {string} root
 */
function sdkCoreRunsAnywhere(root) {
	const isForbidden = (/** @type {string} */ name) => hostGlobals.has(name);
	return forbiddenGlobals(sourceFiles(path.join(root, "packages/sdk/src/core")), {
		isForbidden,
		restricted: { globalThis: membersOnly("globalThis", isForbidden) },
	});
}

/**
 * protocol's main entry is types and constants: importing it loads no other package. `import { type X }` counts as a
 * run-time import, because under `verbatimModuleSyntax` it stays in the output.
 *
 * @param {string} root
 */
function protocolImportsNothing(root) {
	const room = path.join(root, "packages/protocol/src");
	/** @type {Finding[]} */
	const findings = [];
	const seen = new Set();
	const queue = [path.join(room, "index.ts")].filter((file) => existsSync(file));
	for (let file = queue.pop(); file; file = queue.pop()) {
		if (seen.has(file)) continue;
		seen.add(file);
		const source = ts.createSourceFile(file, readFileSync(file, "utf8"), ts.ScriptTarget.ESNext, true);
		for (const { node, target } of runtimeImports(source)) {
			const reached = target?.startsWith(".") ? path.resolve(path.dirname(file), target) : undefined;
			const inside = reached?.startsWith(room + path.sep) && !reached.startsWith(path.join(room, "schema") + path.sep);
			if (reached && inside) queue.push(reached);
			else
				findings.push({
					file,
					line: lineOf(node, source),
					message: `the main entry imports ${target ?? "something computed"} at run time`,
				});
		}
	}
	return findings;
}

/** @param {ts.SourceFile} source */
function runtimeImports(source) {
	/** @type {{ node: ts.Node, target: string | undefined }[]} */
	const found = [];
	/** @param {ts.Node} node */
	const visit = (node) => {
		if (ts.isImportDeclaration(node) && !node.importClause?.isTypeOnly)
			found.push({ node, target: textOf(node.moduleSpecifier) });
		if (ts.isExportDeclaration(node) && node.moduleSpecifier && !node.isTypeOnly)
			found.push({ node, target: textOf(node.moduleSpecifier) });
		if (ts.isImportEqualsDeclaration(node) && !node.isTypeOnly)
			found.push({ node, target: node.moduleReference.getText(source) });
		if (ts.isCallExpression(node)) {
			const isImport = node.expression.kind === ts.SyntaxKind.ImportKeyword;
			const isRequire = ts.isIdentifier(node.expression) && node.expression.text === "require";
			if (isImport || isRequire) found.push({ node, target: textOf(node.arguments[0]) });
		}
		ts.forEachChild(node, visit);
	};
	visit(source);
	return found;
}

/** How statements begin. */
const statement =
	/^\s*(?:select\s+(?:distinct\s+)?[^\s,]+(?:\s+as\s+[^\s,]+)?(?:\s*,\s*[^\s,]+(?:\s+as\s+[^\s,]+)?)*\s+from\s|insert\s+(?:or\s+\w+\s+)?into\s|update\s+\S+\s+set\s|delete\s+from\s|(?:create|drop|alter)\s+(?:unique\s+|virtual\s+|temp\s+)?(?:table|index|trigger|view)\s|pragma\s+\w+|begin\s+(?:immediate|exclusive|transaction)|vacuum\b|attach\s+database)/i;
/** Any list of columns, when the verb is shouted as only SQL is; in small letters it might be prose. */
const shouted = /^\s*SELECT\s[\s\S]+\sFROM\s/;

/**
 * Only the store speaks SQL. (That only the store imports a database is the arrows' business.)
 *
 * @param {string} root
 */
function sqlStaysInStore(root) {
	const files = ["packages", "apps"]
		.flatMap((parent) => sourceFiles(path.join(root, parent)))
		.filter((file) =>
			/^(?:packages|apps)\/(?!store\/)[^/]+\/src\//.test(path.relative(root, file).split(path.sep).join("/")),
		);
	return files.flatMap((file) => {
		const source = ts.createSourceFile(file, readFileSync(file, "utf8"), ts.ScriptTarget.ESNext, true);
		/** @type {Finding[]} */
		const findings = [];
		/** @param {ts.Node} node */
		const visit = (node) => {
			const isText = ts.isStringLiteralLike(node) || ts.isTemplateExpression(node);
			const written = node.getText(source).slice(1, -1);
			if (isText && (statement.test(written) || shouted.test(written))) {
				findings.push({ file, line: lineOf(node, source), message: "SQL is spoken in packages/store only" });
			}
			ts.forEachChild(node, visit);
		};
		visit(source);
		return findings;
	});
}

/** @param {ts.Node | undefined} node */
function textOf(node) {
	return node && ts.isStringLiteralLike(node) ? node.text : undefined;
}

/**
 * @param {ts.Node} node
 * @param {ts.SourceFile} source
 */
function lineOf(node, source) {
	return source.getLineAndCharacterOfPosition(node.getStart(source)).line + 1;
}

/**
 * What breaks the rules of the rooms that imports alone cannot show.
 *
 * @param {string} root the repository, or a copy of it
 * @returns {Finding[]} with paths relative to `root`
 */
export function roomRules(root) {
	const rules = [identityIsPure, sdkCoreRunsAnywhere, protocolImportsNothing, sqlStaysInStore];
	return rules
		.flatMap((rule) => rule(root))
		.map((finding) => ({ ...finding, file: path.relative(root, finding.file) }));
}
