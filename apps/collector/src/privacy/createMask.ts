import type { EventView, Identifier, IdentityView, Json, JsonObject, Profile, TraitWrite } from "@selfsame/protocol";
import type { GroupView, StoredDeadLetter } from "@selfsame/store";

/** What stands in place of a personal value, whatever its type, in every answer to a key without `pii:read`. */
export const MASKED = "***";

/** What a key may not see. Pure: the same view and the same configuration give the same answer. */
export interface Mask {
	profile<T extends Partial<Profile>>(profile: T): T;
	event<T extends EventView | JsonObject>(event: T): T;
	identity(view: IdentityView): IdentityView;
	traitWrite(key: string, write: TraitWrite): TraitWrite;
	group(group: GroupView): GroupView;
	letter(letter: StoredDeadLetter): StoredDeadLetter;
	identifier<T extends Identifier>(identifier: T): T;
	/** Any other text: the email addresses in it are masked. */
	text(text: string): string;
	/** Whether asking for it would tell what is masked: an identifier that comes masked is no reference. */
	hidesIdentifier(identifier: Identifier): boolean;
	/** Whether a filter asks about something masked, by the path of a trait or property, or by an email address. */
	hidesIn(filter: unknown): boolean;
}

/** The whole truth, for keys that may see it. */
export const noMask: Mask = {
	profile: (profile) => profile,
	event: (event) => event,
	identity: (view) => view,
	traitWrite: (_, write) => write,
	group: (group) => group,
	letter: (letter) => letter,
	identifier: (identifier) => identifier,
	text: (text) => text,
	hidesIdentifier: () => false,
	hidesIn: () => false,
};

/** An address in a text or, percent-encoded, in a URL. The bounds keep a long text without one from taking long. */
const emailAddress = /[\p{L}\p{N}._%+'-]{1,64}(?:@|%40)(?:[\p{L}\p{N}-]{1,63}\.){1,8}[\p{L}\p{N}-]{1,63}/giu;

/** In these parts of a context, `name` is that of a thing. */
const things = new Set(["app", "browser", "campaign", "library", "network", "os", "page"]);

/** Fields of an event that hold ids, times and the event's own name, and no trait. */
const plainFields = new Set(["type", "event", "name", "messageId", "source", "timestamp", "receivedAt"]);

/**
 * @param personalTraits names of personal traits. They match keys at any depth of traits, properties and context, whatever
 * the spelling (`firstName`, `first_name`, `First Name`); a dotted name matches a path; a name that is a type of
 * identifier masks those identifiers. Where `email` is among them, addresses inside other texts are masked too.
 */
export function createMask(personalTraits: readonly string[]): Mask {
	const personal = new Set(personalTraits.map(canonical));
	const isPersonal = (name: string) => personal.has(canonical(name));
	const masksEmails = isPersonal("email");

	const text = (value: string): string =>
		masksEmails && (value.includes("@") || value.includes("%40")) ? value.replace(emailAddress, MASKED) : value;

	const identifier = <T extends Identifier>(own: T): T => ({
		...own,
		value: isPersonal(own.type) ? MASKED : text(own.value),
	});

	/** Anything below a bag of traits; `hides` decides by the path of keys from there. */
	const walk = (value: Json | undefined, hides: (path: string[]) => boolean, path: string[]): Json | undefined => {
		if (typeof value === "string") return text(value);
		if (Array.isArray(value)) return value.map((item) => walk(item, hides, path) as Json);
		if (typeof value !== "object" || value === null) return value;
		const entries = Object.entries(value).map(([key, inner]) => {
			const at = [...path, key];
			return [text(key), hides(at) ? MASKED : walk(inner, hides, at)];
		});
		return Object.fromEntries(entries);
	};

	const isPersonalPath = (path: string[]) =>
		isPersonal(path.at(-1) ?? "") || (path.length > 1 && isPersonal(path.join(".")));
	const traits = <T extends Json | undefined>(value: T): T => walk(value, isPersonalPath, []) as T;

	const hidesInContext = (path: string[]) => {
		const key = path.at(-1);
		if (key === "ip") return true;
		return key === "name" && things.has(path.at(-2) ?? "") ? false : isPersonalPath(path);
	};
	const context = (value: Json): Json => {
		const { externalIds, ...rest } = value as JsonObject;
		const own = Array.isArray(externalIds) ? { externalIds: externalIds.map(externalId) } : {};
		return { ...(walk(rest, hidesInContext, []) as JsonObject), ...own };
	};
	const externalId = (value: Json): Json => {
		const own = traits(value);
		const { type } = (own ?? {}) as JsonObject;
		return typeof type === "string" && isPersonal(type) ? { ...(own as JsonObject), id: MASKED } : own;
	};

	const event = <T extends EventView | JsonObject>(view: T): T => {
		const entries = Object.entries(view).map(([key, value]) => {
			if (key === "context" && typeof value === "object" && value !== null && !Array.isArray(value))
				return [key, context(value)];
			if (plainFields.has(key)) return [key, traits(value)];
			return [key, isPersonal(key) ? MASKED : traits(value)];
		});
		return Object.fromEntries(entries) as T;
	};

	return {
		text,
		identifier,
		event,
		profile: (profile) => ({
			...profile,
			...(profile.identifiers ? { identifiers: profile.identifiers.map(identifier) } : {}),
			...(profile.pastIdentifiers ? { pastIdentifiers: profile.pastIdentifiers.map(identifier) } : {}),
			...(profile.traits ? { traits: traits(profile.traits) } : {}),
			...(profile.groups
				? { groups: profile.groups.map((group) => ({ id: text(group.id), traits: traits(group.traits) })) }
				: {}),
		}),
		identity: ({ identifiers, links, refused }) => ({
			identifiers: identifiers.map(identifier),
			links: links.map((link) => ({
				...link,
				a: identifier(link.a),
				b: identifier(link.b),
				messageId: text(link.messageId),
			})),
			refused: refused.map((refusal) => ({
				...refusal,
				identifier: identifier(refusal.identifier),
				from: identifier(refusal.from),
				messageId: text(refusal.messageId),
			})),
		}),
		traitWrite: (key, write) => ({
			...write,
			messageId: text(write.messageId),
			value: isPersonal(key) ? MASKED : (traits({ [key]: write.value })[key] as Json),
		}),
		group: (group) => ({ ...group, id: text(group.id), traits: traits(group.traits) }),
		letter: (letter) => ({
			...letter,
			messageId: letter.messageId === null ? null : text(letter.messageId),
			detail: text(letter.detail),
			body: maskText(letter.body, event),
		}),
		hidesIdentifier: ({ type, value }) => isPersonal(type) || text(value) !== value,
		hidesIn: (filter) =>
			asksAbout(filter, {
				path: (path) => namesIn(path).some(isPersonal),
				text: (value) => text(value) !== value,
				part: (value) => masksEmails && /@|%40/.test(value),
			}),
	};
}

/** The event in a text as it was received. What is no JSON was cut, and holds who knows what. */
function maskText(body: string, event: (value: JsonObject) => JsonObject): string {
	try {
		const value = JSON.parse(body) as Json;
		const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
		return isObject ? JSON.stringify(event(value)) : MASKED;
	} catch {
		return MASKED;
	}
}

/** The keys of a filter that hold paths, dotted, with `\.` for a dot in a key. */
const pathKeys = new Set(["trait", "prop", "of", "same"]);
/** Those that hold values, which may be objects with keys of their own. */
const valueKeys = new Set(["eq", "ne", "in", "contains", "starts"]);

/** Those that look for a part of a text: a part of an address, asked for piece by piece, would tell all of it. */
const partKeys = new Set(["contains", "starts"]);

interface Hidden {
	path(path: string): boolean;
	text(value: string): boolean;
	part(value: string): boolean;
}

function asksAbout(filter: unknown, hides: Hidden): boolean {
	if (typeof filter === "string") return hides.text(filter);
	if (typeof filter !== "object" || filter === null) return false;
	return Object.entries(filter).some(([key, value]) => {
		if (typeof value === "string" && pathKeys.has(key) && hides.path(value)) return true;
		if (typeof value === "string" && partKeys.has(key) && hides.part(value)) return true;
		return asksAbout(value, hides) || (valueKeys.has(key) && hasKey(value, hides.path));
	});
}

function hasKey(value: unknown, hides: (key: string) => boolean): boolean {
	if (typeof value !== "object" || value === null) return false;
	return Object.entries(value).some(([key, inner]) => (!Array.isArray(value) && hides(key)) || hasKey(inner, hides));
}

/** Every name that a path may mean, however the dots in it are read: too many refusals tell nothing, too few do. */
function namesIn(path: string): string[] {
	const readings = [path.split(/(?<!\\)\./), path.split("."), [path]];
	return readings.flat().map((name) => name.replaceAll("\\", ""));
}

/** A name without what spellings differ in. */
function canonical(name: string): string {
	return name.toLowerCase().replace(/[\s_.$-]+/gu, "");
}
