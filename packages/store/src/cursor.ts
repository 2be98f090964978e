import { createHash } from "node:crypto";
import { InvalidCursorError } from "./port.ts";

/**
 * Keyset cursors: where the page ended, bound to the list and its filters, so that one taken elsewhere or changed on its
 * way is refused rather than misread. Opaque to clients.
 */
export function encodeCursor(list: string, filters: unknown, place: readonly (string | number)[]): string {
	return Buffer.from(JSON.stringify([fingerprint(list, filters, place), ...place])).toString("base64url");
}

/** @throws InvalidCursorError for a cursor that this list with these filters did not give. */
export function decodeCursor(list: string, filters: unknown, cursor: string): (string | number)[] {
	return decodeCursorOfAny(list, [filters], cursor);
}

/**
 * The same where several filters are as good: a list of what somebody did goes on after a merge, and whichever of their
 * identifiers it was bound to is theirs still.
 */
export function decodeCursorOfAny(list: string, filters: readonly unknown[], cursor: string): (string | number)[] {
	let parsed: unknown;
	try {
		parsed = JSON.parse(Buffer.from(cursor, "base64url").toString("utf8"));
	} catch {
		parsed = null;
	}
	const [print, ...place] = Array.isArray(parsed) ? parsed : [];
	if (!filters.some((own) => print === fingerprint(list, own, place))) {
		throw new InvalidCursorError(
			"This cursor is not one of this list with these filters. Start again without a cursor, with the filters you want.",
		);
	}
	return place as (string | number)[];
}

function fingerprint(list: string, filters: unknown, place: readonly unknown[]): string {
	return createHash("sha256")
		.update(JSON.stringify([list, filters, place]))
		.digest("base64url")
		.slice(0, 10);
}
