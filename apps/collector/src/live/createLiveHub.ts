import type { FeedItem, FeedPlace, Store } from "@selfsame/store";

export interface LiveOptions {
	/** How many streams at once. Default 100. */
	maxStreams?: number;
	/** ms without news after which a comment is sent, so that proxies and clients see that the line is up. Default 15,000. */
	heartbeat?: number;
	/** ms that a client may leave what was sent unread before it is dropped. Default 30,000. */
	patience?: number;
}

/** One reader's part in the live stream. */
export interface LiveReader {
	/** What comes next, none after a heartbeat's time without news; null once the stream is to end, or was left. */
	next(after: FeedPlace): Promise<FeedItem[] | null>;
	/** Gives its place back. Nothing is read any more for it: whose identities were decided how takes the store time to say. */
	leave(): void;
}

/** Tells who follows along that there is news. They read it off the store themselves, each from its own place. */
export interface LiveHub extends Required<LiveOptions> {
	/** Called after each commit. Costs next to nothing, and nothing at all while nobody follows. */
	wake(): void;
	/** Null when as many streams are open as may. */
	join(): LiveReader | null;
	/** How many streams are open. */
	readonly streams: number;
	readonly isClosed: boolean;
	/** Ends all streams, and lets no new one begin. */
	close(): void;
}

/** What a reader has of the hub until it leaves. */
interface Place {
	isTaken: boolean;
	/** Ends its wait for news. */
	go: (() => void) | null;
}

/** Items a page has at the most. */
const PAGE = 200;
/** Some 8 MB at the most. */
const SHARED_PAGES = 16;
/** ms. Commits that follow one another as quickly as this are told together. */
const TOGETHER = 25;
/** ms. Another process may write to the same database: there is nobody to tell of that, so one looks. */
const LOOK_EVERY = 1_000;

export function createLiveHub(
	store: Pick<Store, "readFeed">,
	{ maxStreams = 100, heartbeat = 15_000, patience = 30_000 }: LiveOptions = {},
): LiveHub {
	const waiting = new Set<() => void>();
	/** Pages of this moment, by where they begin: who stands at the same place shares one read. */
	let pages = new Map<string, Promise<FeedItem[]>>();
	let moment = 0;
	let streams = 0;
	let closed = false;
	let soon: NodeJS.Timeout | null = null;
	let look: NodeJS.Timeout | null = null;

	const tell = () => {
		soon = null;
		moment += 1;
		pages = new Map();
		for (const go of [...waiting]) go();
	};
	const wake = () => {
		if (streams > 0 && !closed) soon ??= setTimeout(tell, TOGETHER);
	};
	const news = (ms: number, place: Place) =>
		new Promise<void>((resolve) => {
			const go = () => {
				clearTimeout(timer);
				waiting.delete(go);
				place.go = null;
				resolve();
			};
			const timer = setTimeout(go, ms);
			waiting.add(go);
			place.go = go;
		});
	const read = (after: FeedPlace): Promise<FeedItem[]> => {
		const name = `${after.seq}.${after.letter}`;
		const known = pages.get(name);
		if (known) return known;
		const page = store.readFeed(after, PAGE);
		const [oldest] = pages.keys();
		if (pages.size >= SHARED_PAGES && oldest !== undefined) pages.delete(oldest);
		pages.set(name, page);
		page.catch(() => pages.delete(name));
		return page;
	};

	const next = async (after: FeedPlace, place: Place): Promise<FeedItem[] | null> => {
		const until = performance.now() + heartbeat;
		while (!closed && place.isTaken) {
			const before = moment;
			const items = await read(after);
			const left = until - performance.now();
			if (items.length > 0 || left <= 0) return closed ? null : items;
			// What was committed while this was read is news already.
			if (moment === before && place.isTaken) await news(left, place);
		}
		return null;
	};

	return {
		maxStreams,
		heartbeat,
		patience,
		wake,
		get streams() {
			return streams;
		},
		get isClosed() {
			return closed;
		},
		join() {
			if (closed || streams >= maxStreams) return null;
			// Nobody was told of what came before.
			if (streams === 0) tell();
			streams += 1;
			look ??= setInterval(wake, LOOK_EVERY).unref();
			const place: Place = { isTaken: true, go: null };
			return {
				next: (after) => next(after, place),
				leave() {
					if (!place.isTaken) return;
					place.isTaken = false;
					place.go?.();
					streams -= 1;
					if (streams > 0 || !look) return;
					clearInterval(look);
					look = null;
				},
			};
		},
		close() {
			closed = true;
			if (soon) clearTimeout(soon);
			if (look) clearInterval(look);
			tell();
		},
	};
}
