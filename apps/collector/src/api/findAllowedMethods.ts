import type { Route } from "./route.ts";

/** The methods that a path answers, for whoever asked with another; empty where there is no such path. */
export function findAllowedMethods(routes: readonly Route[], path: string): string[] {
	const own = routes.filter((route) => route.path === path);
	const found = own.length > 0 ? own : routes.filter((route) => matches(route.path, path));
	const methods = found.map(({ method }) => method.toUpperCase());
	return methods.includes("GET") ? [...methods, "HEAD"] : methods;
}

function matches(template: string, path: string): boolean {
	const [parts, segments] = [template.split("/"), path.split("/")];
	return (
		parts.length === segments.length &&
		parts.every((part, at) => (part.startsWith("{") ? segments[at] !== "" : part === segments[at]))
	);
}
