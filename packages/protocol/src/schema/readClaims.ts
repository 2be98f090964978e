import type { Claims, EventType, Json, JsonObject } from "../event.ts";
import { limits } from "../limits.ts";
import type { Notice, Refusal } from "./refusal.ts";
import { isLongerInBytes } from "./utf8Length.ts";

/** The parts of an event in which ids stand. */
interface ClaimParts {
	context: JsonObject | undefined;
	contextTraits: JsonObject | undefined;
	traits: JsonObject | undefined;
}

/** Reads whom an event says it concerns, as sent: normalising, blocking and believing come later. */
export function readClaims(type: EventType, raw: JsonObject, parts: ClaimParts, notice: Notice): Claims | Refusal {
	const claims: Claims = {};
	const fields = idFields[type];
	for (const field of fields) {
		const id = raw[field];
		if (id === undefined || id === null) continue;
		if (typeof id === "string" || typeof id === "number") {
			const fault = findFault(field, id);
			if (fault) return fault;
			claims[field] = id;
		} else notice("ignored_id", `\`${field}\` must be a string or a number; it identifies nobody.`);
	}
	if (type !== "group") {
		const emails = [parts.traits?.email, parts.contextTraits?.email].filter(isEmailLike);
		if (emails.length > 0) claims.emails = emails;
	}
	const externalIds = parts.context?.externalIds;
	if (Array.isArray(externalIds)) {
		const read = readExternalIds(externalIds);
		if (!Array.isArray(read)) return read;
		if (read.length > 0) claims.externalIds = read;
	}
	if (claims.userId === undefined && claims.anonymousId === undefined && !claims.emails && !claims.externalIds) {
		notice("no_identifier", "The event has no `userId` and no `anonymousId`, so it belongs to no profile.");
	}
	return claims;
}

const idFields: Record<EventType, readonly ("userId" | "anonymousId" | "previousId" | "groupId")[]> = {
	track: ["userId", "anonymousId"],
	identify: ["userId", "anonymousId"],
	page: ["userId", "anonymousId"],
	screen: ["userId", "anonymousId"],
	group: ["userId", "anonymousId", "groupId"],
	alias: ["userId", "anonymousId", "previousId"],
};

function findFault(field: string, id: string | number): Refusal | null {
	if (typeof id === "number") {
		if (Math.abs(id) <= Number.MAX_SAFE_INTEGER) return null;
		const detail = `\`${field}\` is a number beyond 2^53, so it has lost digits already. Send it as a string.`;
		return { code: "invalid_id", detail };
	}
	if (id.length > limits.idLength) {
		return { code: "invalid_id", detail: `\`${field}\` has more than ${limits.idLength} characters.` };
	}
	if (!isLongerInBytes(id, limits.idBytes)) return null;
	return { code: "invalid_id", detail: `\`${field}\` has more than ${limits.idBytes} bytes.` };
}

function isEmailLike(value: Json | undefined): value is string | number {
	return typeof value === "number" || (typeof value === "string" && value.length <= limits.idLength);
}

function readExternalIds(entries: Json[]): { type: string; id: string | number }[] | Refusal {
	if (entries.length > limits.externalIds) {
		const detail = `\`context.externalIds\` has ${entries.length} entries; ${limits.externalIds} are allowed.`;
		return { code: "too_many_identifiers", detail };
	}
	const externalIds: { type: string; id: string | number }[] = [];
	for (const entry of entries) {
		if (typeof entry !== "object" || entry === null || Array.isArray(entry)) continue;
		const { type, id } = entry;
		if (typeof type !== "string" || (typeof id !== "string" && typeof id !== "number")) continue;
		const fault = findFault("context.externalIds[].id", id);
		if (fault) return fault;
		externalIds.push({ type, id });
	}
	return externalIds;
}
