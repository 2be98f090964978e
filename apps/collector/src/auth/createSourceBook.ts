import type { Source, Store } from "@selfsame/store";
import { RequestError } from "../problem.ts";
import { hashKey } from "./hashKey.ts";
import { parseSourceOptions, type SourceOptions } from "./sourceOptions.ts";

/** A source with its options understood. */
export interface KnownSource {
	id: string;
	name: string;
	trust: Source["trust"];
	options: SourceOptions;
	/** Set where this version cannot read the options, as one that is newer may write them: then nothing is known of it. */
	isUnreadable?: true;
}

/** Which source a write key belongs to. */
export interface SourceBook {
	/** The source of the first of `keys` that is one; null when none is. @throws RequestError where its options are unreadable. */
	find(keys: readonly string[]): Promise<{ source: KnownSource; key: string } | null>;
	/** The source with this id; null where there is none, or its options are unreadable. */
	get(id: string): Promise<KnownSource | null>;
	/** Whether any source lets its answers refresh cookies for pages of this origin. */
	sharesCookies(origin: string): Promise<boolean>;
	/** Reads the sources again now. */
	reload(): Promise<void>;
}

/** ms after which sources are read anew, while requests are still answered from what was read before. */
const FRESH = 2_000;
/** ms after which a request waits for that: a key that was removed elsewhere, however long ago, is refused. */
const STALE = 3_000;
/** An unknown key is looked for anew once what was read is this old: its source may have been made since. ms. */
const FRESH_ENOUGH_TO_REFUSE = 1_000;

/**
 * Keeps the workspace's sources at hand, so that finding a key costs no query. Looked up by the key's hash: how long a
 * lookup takes says nothing about how close a guess was.
 *
 * @param steadyNow ms by a clock that nobody sets: set back, it would keep removed keys until it is where it was.
 */
export function createSourceBook(store: Pick<Store, "listSources">, steadyNow: () => number): SourceBook {
	let byKey = new Map<string, KnownSource>();
	let byId = new Map<string, KnownSource>();
	let cookieOrigins = new Set<string>();
	let loadedAt = Number.NEGATIVE_INFINITY;
	let loading: Promise<void> | null = null;

	async function load(): Promise<void> {
		const at = steadyNow();
		const sources = await store.listSources();
		const known = sources.map((source) => ({ source, known: toKnownSource(source) }));
		byId = new Map(known.map(({ known }) => [known.id, known]));
		byKey = new Map(
			known.flatMap(({ source, known }) => source.writeKeys.map((key) => [hashKey(key), known] as const)),
		);
		cookieOrigins = new Set(known.flatMap(({ known }) => known.options.serverCookie?.origins ?? []));
		loadedAt = at;
	}

	/** Reads the sources anew once they are `age` old; null, or what a request that must not use them as they are waits for. */
	function refresh(age = FRESH, stale = STALE): Promise<void> | null {
		const old = steadyNow() - loadedAt;
		if (old < age) return null;
		loading ??= load().finally(() => {
			loading = null;
		});
		if (old >= stale) return loading;
		loading.catch(() => {});
		return null;
	}

	function match(keys: readonly string[]): { source: KnownSource; key: string } | null {
		for (const key of keys) {
			const source = byKey.get(hashKey(key));
			if (source?.isUnreadable) throw unreadable(source);
			if (source) return { source, key };
		}
		return null;
	}

	return {
		reload: load,
		async find(keys) {
			const loading = refresh();
			if (loading) await loading;
			const found = match(keys);
			if (found) return found;
			const anew = refresh(FRESH_ENOUGH_TO_REFUSE, FRESH_ENOUGH_TO_REFUSE);
			if (!anew) return null;
			await anew;
			return match(keys);
		},
		async sharesCookies(origin) {
			await refresh();
			return cookieOrigins.has(origin);
		},
		async get(id) {
			await refresh();
			const source = byId.get(id);
			return source && !source.isUnreadable ? source : null;
		},
	};
}

/** One source whose options are unreadable costs the others nothing. */
function toKnownSource({ id, name, trust, options }: Source): KnownSource {
	try {
		return { id, name, trust, options: parseSourceOptions(options) };
	} catch {
		return { id, name, trust, options: {}, isUnreadable: true };
	}
}

/** Its senders keep what they have: taken under other options, it might be believed, or kept, against its owner's wish. */
function unreadable({ id }: KnownSource): RequestError {
	const detail = `The options of source "${id}" are none that this version knows. \`selfsame doctor\` says which.`;
	return new RequestError("storage_unavailable", detail, { "retry-after": "60" });
}
