import type { Source, Store } from "@selfsame/store";
import { hashKey } from "./hashKey.ts";
import { parseSourceOptions, type SourceOptions } from "./sourceOptions.ts";

/** A source with its options understood. */
export interface KnownSource {
	id: string;
	name: string;
	trust: Source["trust"];
	options: SourceOptions;
}

/** Which source a write key belongs to. */
export interface SourceBook {
	/** The source of the first of `keys` that is one; null when none is. */
	find(keys: readonly string[]): Promise<{ source: KnownSource; key: string } | null>;
	/** The source with this id. */
	get(id: string): Promise<KnownSource | null>;
	/** Whether any source lets its answers refresh cookies for pages of this origin. */
	sharesCookies(origin: string): Promise<boolean>;
	/** Reads the sources again now. */
	reload(): Promise<void>;
}

/** How long a change made elsewhere, such as by `selfsame sources`, may take to be seen. ms. */
const FRESH = 2_000;

/**
 * Keeps the workspace's sources at hand, so that finding a key costs no query. Looked up by the key's hash: how long a
 * lookup takes says nothing about how close a guess was.
 */
export function createSourceBook(store: Pick<Store, "listSources">, now: () => number): SourceBook {
	let byKey = new Map<string, KnownSource>();
	let byId = new Map<string, KnownSource>();
	let cookieOrigins = new Set<string>();
	let loadedAt = Number.NEGATIVE_INFINITY;
	let loading: Promise<void> | null = null;

	async function load(): Promise<void> {
		const sources = await store.listSources();
		const known = sources.map((source) => ({ source, known: toKnownSource(source) }));
		byId = new Map(known.map(({ known }) => [known.id, known]));
		byKey = new Map(
			known.flatMap(({ source, known }) => source.writeKeys.map((key) => [hashKey(key), known] as const)),
		);
		cookieOrigins = new Set(known.flatMap(({ known }) => known.options.serverCookie?.origins ?? []));
		loadedAt = now();
	}

	function refresh(): Promise<void> | null {
		if (now() - loadedAt < FRESH) return null;
		loading ??= load().finally(() => {
			loading = null;
		});
		// Once it is loaded, nobody waits for a newer one: the next request sees it.
		if (loadedAt === Number.NEGATIVE_INFINITY) return loading;
		loading.catch(() => {});
		return null;
	}

	return {
		reload: load,
		async find(keys) {
			const loading = refresh();
			if (loading) await loading;
			for (const key of keys) {
				const source = byKey.get(hashKey(key));
				if (source) return { source, key };
			}
			return null;
		},
		async sharesCookies(origin) {
			await refresh();
			return cookieOrigins.has(origin);
		},
		async get(id) {
			await refresh();
			return byId.get(id) ?? null;
		},
	};
}

function toKnownSource({ id, name, trust, options }: Source): KnownSource {
	return { id, name, trust, options: parseSourceOptions(options) };
}
