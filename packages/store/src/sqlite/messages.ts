import { createMessageKey, hashSecret } from "../sql/keyedHash.ts";
import type { SqliteDatabase } from "./openDatabase.ts";
import { createRunWork } from "./runWork.ts";

/** How many messages are kept in memory before they are filed: some 6 MB. Twice as many may be read at a start, within 0.2 s. */
const unfiledMessages = 32_768;

/** What a key, which is base64, may begin with, in the order of the index. */
const drawerNames = [..."+/0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"];

interface State {
	/** The number of the last event. */
	last: number;
	/** What that was when the present round of drawers began. */
	roundBegan: number;
	/** The drawer in hand (-1: none yet), what was in it when its turn came, and how much of that is filed. */
	drawer: number;
	/** In the order of the index, so that neighbours share a page. */
	keys: readonly string[];
	at: number;
}

/**
 * Knows every message that was acknowledged, for ever.
 *
 * Message ids are random: an index that took each as it comes would rewrite a page for every event, half of all that
 * ingest writes. So the newest stay in memory, in one drawer for each first character of their keys, and are filed drawer
 * by drawer: then a page of the index takes many at once. The memory may be lost at any time, since `events` says what is
 * not filed yet: all that is in it after the last number for which a whole round of drawers has been filed.
 *
 * @param mostUnfiled how many messages are kept in memory.
 */
export function createMessages(database: SqliteDatabase, mostUnfiled = unfiledMessages) {
	const keyOf = createMessageKey(createRunWork(database)(hashSecret()));
	// Many keys at once, as JSON: calling a statement costs several times what it does with one of them.
	const find = database.prepare("SELECT value FROM json_each(?) WHERE value IN (SELECT key FROM messages)").pluck();
	const putAll = database.prepare("INSERT OR IGNORE INTO messages (key) SELECT value FROM json_each(?)");
	const putRound = database.prepare("INSERT OR REPLACE INTO meta (name, value) VALUES ('messages_filed', ?)");
	const round = database.prepare("SELECT value FROM meta WHERE name = 'messages_filed'").pluck();
	const lastGone = database.prepare("SELECT value FROM counters WHERE name = 'last_seq'").pluck();
	const after = database.prepare("SELECT seq, source, message_id FROM events WHERE seq > ? ORDER BY seq");

	const drawers = new Map(drawerNames.map((name) => [name, new Set<string>()]));
	const drawerOf = (key: string) => drawers.get(key.charAt(0)) as Set<string>;
	let size = 0;
	/** As of the last commit. */
	let state: State = { last: Number(round.get() ?? 0), roundBegan: 0, drawer: -1, keys: [], at: 0 };
	/** What the transaction at hand has done. */
	let next = state;
	let added: string[] = [];
	let filed: string[] = [];

	const keep = (key: string) => {
		drawerOf(key).add(key);
		size += 1;
	};
	const drop = (keys: readonly string[]) => {
		for (const key of keys) if (drawerOf(key).delete(key)) size -= 1;
	};

	/** Reads what another connection, or this one before it was closed, has stored. */
	const catchUp = () => {
		let { last } = state;
		for (const row of after.iterate(last) as Iterable<{ seq: number; source: string; message_id: string }>) {
			const key = keyOf(row.source, row.message_id);
			if (!drawerOf(key).has(key)) keep(key);
			last = row.seq;
		}
		// A number whose event was deleted is not given again: somebody may have read up to it.
		last = Math.max(last, Number(lastGone.get() ?? 0));
		next = state = { ...state, last };
	};
	const sorted = (drawer: number) => [...(drawers.get(drawerNames[drawer] as string) ?? [])].sort();
	/** What earlier runs left unfiled must not pile up: it is read at every start. */
	const fileAll = database.transaction(() => {
		const keys = drawerNames.flatMap((_, drawer) => sorted(drawer));
		putAll.run(JSON.stringify(keys));
		putRound.run(`${state.last}`);
		drop(keys);
	});
	catchUp();
	if (size > mostUnfiled) fileAll.immediate();
	next = state = { ...state, roundBegan: state.last };

	return {
		/** The number of the last event. */
		last: (): number => state.last,

		/** Notes messages as acknowledged by the transaction at hand, and says of each whether it is so for the first time. */
		add(messages: readonly { source: string; messageId: string }[]): boolean[] {
			const keys = messages.map(({ source, messageId }) => keyOf(source, messageId));
			const isFiled = new Set(find.all(JSON.stringify(keys)));
			return keys.map((key) => {
				if (drawerOf(key).has(key) || isFiled.has(key)) return false;
				keep(key);
				added.push(key);
				return true;
			});
		},

		/**
		 * Files as many as are too many, and at most twice as many as came in: so that no commit pays for those before it.
		 *
		 * @param last the number of the last event of the transaction at hand.
		 */
		file(last: number): void {
			const count = Math.min(2 * added.length, size - mostUnfiled);
			let { roundBegan, drawer, keys, at } = state;
			while (filed.length < count) {
				const key = keys[at];
				if (key !== undefined) {
					filed.push(key);
					at += 1;
					continue;
				}
				drawer += 1;
				if (drawer === drawerNames.length) {
					putRound.run(`${roundBegan}`);
					[drawer, roundBegan] = [0, last];
				}
				[keys, at] = [sorted(drawer), 0];
			}
			if (filed.length > 0) putAll.run(JSON.stringify(filed));
			next = { last, roundBegan, drawer, keys, at };
		},

		/** Ends a transaction that was committed. */
		settle(): void {
			drop(filed);
			state = next;
			[added, filed] = [[], []];
		},

		/** Takes back what the transaction at hand did, and sees what others have stored. */
		forget(): void {
			drop(added);
			[added, filed] = [[], []];
			catchUp();
		},
	};
}
