import ts from "typescript";

/**
 * @typedef {{ file: string, line: number, message: string }} Finding
 *
 * @typedef {object} GlobalsRule
 * @property {(name: string) => boolean} isForbidden whether a global of that name may not be named at all
 * @property {Record<string, (use: ts.Identifier) => string | undefined>} [restricted] globals that some uses of are
 *   fine: answers what is wrong with a use, or `undefined`
 * @property {boolean} [noAsync] no `async`, no `await`
 */

/**
 * Finds globals that files may not use. Scopes are resolved by TypeScript's binder without any library loaded, so a
 * name counts as global exactly when the file itself does not declare or import it (a `declare` is no declaration:
 * it only claims that a global exists). A linter's list of names would miss `globalThis.window` and aliases.
 *
 * @param {string[]} files
 * @param {GlobalsRule} rule
 * @returns {Finding[]}
 */
export function forbiddenGlobals(files, rule) {
	const program = ts.createProgram(files, {
		noLib: true,
		noResolve: true,
		allowJs: true,
		target: ts.ScriptTarget.ESNext,
		types: [],
	});
	const checker = program.getTypeChecker();
	return files.flatMap((file) => {
		const source = program.getSourceFile(file);
		if (!source) throw new Error(`${file} cannot be read`);
		/** @type {Finding[]} */
		const findings = [];
		/** @param {ts.Node} node */
		const visit = (node) => {
			const message = describe(node, rule, checker);
			if (message) {
				const { line } = source.getLineAndCharacterOfPosition(node.getStart(source));
				findings.push({ file, line: line + 1, message });
			}
			ts.forEachChild(node, visit);
		};
		visit(source);
		return findings;
	});
}

/**
 * @param {ts.Node} node
 * @param {GlobalsRule} rule
 * @param {ts.TypeChecker} checker
 */
function describe(node, rule, checker) {
	if (rule.noAsync && (node.kind === ts.SyntaxKind.AsyncKeyword || node.kind === ts.SyntaxKind.AwaitKeyword)) {
		return "`async` and `await` have no place here";
	}
	if (rule.noAsync && ts.isAwaitExpression(node)) return "`await` has no place here";
	if (ts.isMetaProperty(node) && node.keywordToken === ts.SyntaxKind.ImportKeyword)
		return "`import.meta` differs by host";
	if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
		const target = node.arguments[0];
		if (!target || !ts.isStringLiteral(target)) return "an import whose target is computed escapes the arrows";
	}
	if (!ts.isIdentifier(node) || !isValueUse(node) || !isGlobal(node, checker)) return undefined;
	const restricted =
		rule.restricted && Object.hasOwn(rule.restricted, node.text) ? rule.restricted[node.text] : undefined;
	if (restricted) return restricted(node);
	return rule.isForbidden(node.text) ? `the global \`${node.text}\` has no place here` : undefined;
}

/**
 * Whether an identifier stands for a value: not a property's own name, a label or a part of a type.
 *
 * @param {ts.Identifier} node
 */
function isValueUse(node) {
	const { parent } = node;
	if (ts.isPropertyAccessExpression(parent)) return parent.expression === node;
	if (ts.isQualifiedName(parent) || ts.isTypeReferenceNode(parent) || ts.isTypeQueryNode(parent)) return false;
	if (ts.isTypePredicateNode(parent) || ts.isMetaProperty(parent)) return false;
	if (ts.isExpressionWithTypeArguments(parent) && ts.isHeritageClause(parent.parent)) {
		return parent.parent.token === ts.SyntaxKind.ExtendsKeyword && ts.isClassLike(parent.parent.parent);
	}
	if (ts.isLabeledStatement(parent) || ts.isBreakOrContinueStatement(parent)) return false;
	if (ts.isBindingElement(parent) && parent.propertyName === node) return false;
	if (ts.isImportSpecifier(parent) || ts.isImportClause(parent) || ts.isNamespaceImport(parent)) return false;
	if (ts.isExportSpecifier(parent))
		return !parent.parent.parent.moduleSpecifier && (parent.propertyName ?? parent.name) === node;
	if (ts.isNamedTupleMember(parent) || ts.isImportAttribute(parent) || ts.isModuleDeclaration(parent)) return false;
	if (ts.isShorthandPropertyAssignment(parent)) return true;
	// What is left with a name of its own is a declaration, or a property in an object literal.
	return /** @type {{ name?: ts.Node }} */ (parent).name !== node;
}

/**
 * @param {ts.Identifier} node
 * @param {ts.TypeChecker} checker
 */
function isGlobal(node, checker) {
	const symbol = ts.isShorthandPropertyAssignment(node.parent)
		? checker.getShorthandAssignmentValueSymbol(node.parent)
		: ts.isExportSpecifier(node.parent)
			? checker.getExportSpecifierLocalTargetSymbol(node.parent)
			: checker.getSymbolAtLocation(node);
	const declarations = symbol?.declarations ?? [];
	return declarations.every((declaration) => isAmbient(declaration) || isTypeOnly(declaration));
}

/** @param {ts.Node} node */
function isTypeOnly(node) {
	return ts.isInterfaceDeclaration(node) || ts.isTypeAliasDeclaration(node);
}

/** @param {ts.Node} node */
function isAmbient(node) {
	for (let at = node; at; at = at.parent) {
		const isDeclared =
			ts.canHaveModifiers(at) && ts.getModifiers(at)?.some(({ kind }) => kind === ts.SyntaxKind.DeclareKeyword);
		if (isDeclared || (ts.isSourceFile(at) && at.isDeclarationFile)) return true;
	}
	return false;
}
