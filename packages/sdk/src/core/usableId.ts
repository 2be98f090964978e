/** What every collector takes for no id at all (docs/decisions/identity-rule.md, "Blocked values"). */
const BLOCKED =
	/^(?:[0-]*|null|undefined|none|nil|nan|n\/?a|anon(?:ymous(?:id)?)?|guest|unknown|user(?:_?id)?|id|distinct_?id|email|true|false|not_authenticated|void|-1|\(null\)|\(not set\)|\[object object\])$/i;

/**
 * The id that a collector will read, or undefined for what it would refuse or take for nobody: too long, a number that has
 * lost digits, a placeholder such as `null` that some template or tool left. Kept, it would spoil every later event.
 */
export function usableId(id: unknown): string | number | undefined {
	if (typeof id === "number" ? !(Math.abs(id) < 2 ** 53) : typeof id !== "string") return;
	const text = `${id}`.replace(/^["'\s]+/, "").replace(/["'\s]{0,99}$/, "");
	return `${id}`.length > 1_024 || BLOCKED.test(text) ? undefined : (id as string | number);
}
