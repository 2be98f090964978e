import type { FeedItem, FeedPlace } from "@selfsame/store";
import type { LiveHub, LiveReader } from "./createLiveHub.ts";
import { toMessageId } from "./liveMessages.ts";

export interface LiveStreamOptions {
	reader: LiveReader;
	/** Where to begin. */
	from: FeedPlace;
	/** ms that what was sent may stay unread. */
	patience: LiveHub["patience"];
	/** The messages that items make. */
	encode(items: readonly FeedItem[]): Promise<string>;
	/** Whether the client may still be told, asked before each page. */
	mayFollow(): Promise<boolean>;
	/** Told why a client is dropped, or its stream breaks off. */
	tell(reason: string, error?: unknown): void;
}

/** ms after which clients come back when the line is cut. */
const RETRY = 2_000;

/**
 * The body of a live stream. A page is read when the client has taken the one before, so a slow client holds one page and
 * nothing else; one that does not take it in time is dropped. It fails, rather than ends, where it is not the client's or
 * the server's wish.
 */
export function toLiveStream({
	reader,
	from,
	patience,
	encode,
	mayFollow,
	tell,
}: LiveStreamOptions): ReadableStream<Uint8Array> {
	let place = from;
	let isBegun = false;
	let isOver = false;
	let unread: NodeJS.Timeout | undefined;

	const leave = () => {
		isOver = true;
		clearTimeout(unread);
		reader.leave();
	};
	const nextText = async (): Promise<{ text: string; isLast?: true }> => {
		if (!isBegun) {
			isBegun = true;
			return { text: `retry: ${RETRY}\nid: ${toMessageId(place)}\n\n` };
		}
		const items = await reader.next(place);
		if (isOver) return { text: "" };
		if (items === null) return { text: ": the server is stopping\n\n", isLast: true };
		if (!(await mayFollow())) return { text: ": the key is not valid any more\n\n", isLast: true };
		const text = await encode(items);
		place = items.at(-1)?.place ?? place;
		return { text: text || ": no news\n\n" };
	};

	return new ReadableStream<Uint8Array>(
		{
			start: waitForReading,
			async pull(controller) {
				clearTimeout(unread);
				try {
					const { text, isLast } = await nextText();
					if (isOver) return;
					controller.enqueue(Buffer.from(text));
					if (!isLast) return waitForReading(controller);
					leave();
					controller.close();
				} catch (error) {
					if (isOver) return;
					tell("a live stream broke off", error);
					leave();
					controller.error(error);
				}
			},
			cancel: leave,
		},
		{ highWaterMark: 0 },
	);

	function waitForReading(controller: ReadableStreamDefaultController<Uint8Array>): void {
		unread = setTimeout(() => {
			tell("a live stream was not read and is dropped");
			leave();
			controller.error(new Error("The client did not read."));
		}, patience);
	}
}
