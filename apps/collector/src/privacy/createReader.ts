import type { Filter, Json, JsonObject, Page, Reason } from "@selfsame/protocol";
import { readPath, splitPath } from "@selfsame/protocol/filter";
import type { ProfileRef, Store } from "@selfsame/store";
import { RequestError } from "../problem.ts";
import type { Mask } from "./createMask.ts";

/** The reading half of the store, as one key may see it. */
export type Reader = Pick<
	Store,
	| "findProfile"
	| "listProfiles"
	| "searchProfiles"
	| "explainFilter"
	| "listEvents"
	| "explainIdentity"
	| "traitHistory"
	| "findGroup"
	| "listGroupEvents"
	| "listRejected"
	| "stats"
>;

/**
 * The one place where views of people are masked: whoever reads through this cannot forget to. A reference that names
 * somebody by what would come masked is refused, since the answer would tell whose it is.
 */
export function createReader(store: Reader, mask: Mask): Reader {
	const known = (ref: ProfileRef): ProfileRef => {
		if ("type" in ref && mask.hidesIdentifier(ref)) throw hidden("A profile cannot be named by personal data");
		return ref;
	};
	const knownGroup = (id: string): string => {
		if (mask.text(id) !== id) throw hidden("A group cannot be named by personal data");
		return id;
	};
	const knownFilter = (filter: Filter): Filter => {
		if (mask.hidesIn(filter)) throw hidden("A filter cannot ask about personal data");
		return filter;
	};
	return {
		async findProfile(ref, at) {
			const profile = await store.findProfile(known(ref), at);
			return profile && mask.profile(profile);
		},
		listProfiles: async (query) => mapPage(await store.listProfiles(query), mask.profile),
		async searchProfiles(search) {
			return mapPage(await store.searchProfiles({ ...search, filter: knownFilter(search.filter) }), mask.profile);
		},
		async explainFilter(ref, filter, now) {
			const explanation = await store.explainFilter(known(ref), knownFilter(filter), now);
			return explanation && { ...explanation, because: maskReason(explanation.because, mask) };
		},
		async listEvents(ref, query) {
			refuseHiddenName(query.name, mask);
			const page = await store.listEvents(known(ref), query);
			return page && mapPage(page, mask.event);
		},
		async explainIdentity(ref, at) {
			const view = await store.explainIdentity(known(ref), at);
			return view && mask.identity(view);
		},
		async traitHistory(ref, key, query) {
			const page = await store.traitHistory(known(ref), key, query);
			return page && mapPage(page, (write) => mask.traitWrite(key, write));
		},
		async findGroup(id, query) {
			const group = await store.findGroup(knownGroup(id), query);
			return group && mask.group(group);
		},
		async listGroupEvents(id, query) {
			const page = await store.listGroupEvents(knownGroup(id), query);
			return page && mapPage(page, mask.event);
		},
		listRejected: async (query) => mapPage(await store.listRejected(query), mask.letter),
		stats: () => store.stats(),
	};
}

/** @throws RequestError for the name of events that would come masked: how many there are would tell what it is. */
export function refuseHiddenName(name: string | undefined, mask: Pick<Mask, "text">): void {
	if (name !== undefined && mask.text(name) !== name) throw hidden("Events cannot be named by personal data");
}

/** The refusal of what only `pii:read` allows. */
function hidden(what: string): RequestError {
	const next = "Use a key with the scope `pii:read` (`selfsame keys create NAME --scopes pii:read`), or another way.";
	return new RequestError("missing_scope", `${what} without the scope \`pii:read\`. ${next}`);
}

/** What decided may lie inside of what was asked about: a trait that is an object holds others. */
function maskReason(reason: Reason, mask: Mask): Reason {
	const { trait, value, conditions, events } = reason;
	return {
		...reason,
		...(conditions ? { conditions: conditions.map((inner) => maskReason(inner, mask)) } : {}),
		...(events ? { events: events.map((event) => ({ ...event, ...mask.event({ ...event }) })) } : {}),
		...(trait === undefined || value === undefined ? {} : { value: maskAt(splitPath(trait), value, mask) }),
	};
}

/** A value masked as in the traits that it stands in. */
function maskAt(keys: readonly string[], value: Json, mask: Mask): Json {
	const traits = keys.reduceRight<Json>((inner, key) => Object.fromEntries([[key, inner]]), value) as JsonObject;
	return readPath(mask.profile({ traits }).traits, keys) ?? null;
}

function mapPage<T>({ data, page }: Page<T>, view: (item: T) => T): Page<T> {
	return { data: data.map(view), page };
}
