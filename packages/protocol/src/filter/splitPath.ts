import type { Path } from "../filter.ts";

/** The keys that a path names, from the outside in. A dot in a key is written `\.`; other backslashes are themselves. */
export function splitPath(path: Path): string[] {
	return path.split(/(?<!\\)\./).map((key) => key.replaceAll("\\.", "."));
}
