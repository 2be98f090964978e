import type { EventType } from "@selfsame/protocol";
import { eventTypes } from "@selfsame/protocol/schema";
import { type FeedItem, type FeedPlace, InvalidCursorError } from "@selfsame/store";
import { z } from "zod";
import { error } from "../api/commonAnswers.ts";
import type { Api } from "../api/createApi.ts";
import type { Deps } from "../deps.ts";
import { type LiveFilter, readMessageId, toMessages } from "../live/liveMessages.ts";
import "../live/liveViews.ts";
import { toLiveStream } from "../live/toLiveStream.ts";
import { refuseHiddenName } from "../privacy/createReader.ts";
import { RequestError } from "../problem.ts";
import { breakOff } from "./breakOff.ts";
import { choice, readRef, text } from "./parameters.ts";

/** Each event as it is committed, or rejected. */
export function streamRoutes(
	api: Api,
	{ store, live, keyRing, log }: Pick<Deps, "store" | "live" | "keyRing" | "log">,
): void {
	api.add(
		{
			method: "get",
			path: "/v1/events/stream",
			id: "streamEvents",
			tag: "Events",
			scope: "read",
			summary: "Follow events as they come in",
			description:
				"Server-sent events, one for each event that was accepted or rejected, in the order of the commits: none is left " +
				"out and none comes twice. `data` is a `LiveMessage` (see the schemas) as JSON. Accepted: `{verdict, seq, profileId, event, identity}`, where `identity` is " +
				"`{identifiers, changes, refused}`: the identifiers that the event names, the leading one first; what it changed " +
				"(`claim`, `union`, `contest`, `split`, `share`); which links it was refused, and why (null: too much to say in " +
				"passing, ask for the profile's identity). Rejected: as in `GET /v1/rejected`, with `verdict`. Each message has an " +
				"`id`: sent back as `Last-Event-ID`, the stream goes on after it, also after the server was started anew; `0.0` is " +
				"the beginning. Without one it begins now. A client that leaves what it was sent unread is dropped.",
			query: {
				verdict: choice(["accepted", "rejected"], "Only events with this verdict."),
				source: text("Only events of this source."),
				type: choice([...eventTypes] as EventType[], "Only accepted events of this type."),
				name: text("Only accepted events of this name: that of a track event, a page or a screen."),
				profile: text("Only accepted events of this profile: its id, or `type:value` of one of its identifiers."),
				lastEventId: text("The same as the header `Last-Event-ID`, which wins."),
			},
			answers: {
				200: {
					description: "The stream. It ends when the server stops, and when its key is removed.",
					content: { "text/event-stream": z.string() },
				},
				429: error("As many streams are open as may.", { "retry-after": "Seconds." }),
			},
		},
		async ({ c, query: { profile, lastEventId, ...plain }, reader, mask }) => {
			const ref = profile === undefined ? undefined : readRef(profile);
			// At once, so that whoever may not name somebody so is told before the stream begins.
			if (ref) await reader.findProfile(ref);
			refuseHiddenName(plain.name, mask);
			const from = await findPlace(c.req.header("last-event-id") || lastEventId);
			// The last keeps a proxy from collecting what is meant for now.
			const headers = { "content-type": "text/event-stream; charset=utf-8", "x-accel-buffering": "no" };
			// Nobody would read what was begun for it.
			if (c.req.method === "HEAD") return new Response(null, { headers });
			const part = live.join();
			if (!part) throw refusal();
			const encode = async (items: readonly FeedItem[]) => {
				// Whose an identifier is may change with any event.
				const filter: LiveFilter = ref && items.length > 0 ? { ...plain, profileId: await idOf(ref) } : plain;
				return toMessages(items, filter, mask);
			};
			const idOf = async (known: NonNullable<typeof ref>) => (await store.findProfile(known))?.id ?? null;
			const tell = (message: string, err?: unknown) => log.warn(err ? { err } : {}, message);
			const key = c.get("secretKey");
			const mayFollow = () => keyRing.isValid(key);
			const stream = toLiveStream({ reader: part, from, patience: live.patience, encode, mayFollow, tell });
			return new Response(
				breakOff(c, stream, () => {}),
				{ headers },
			);
		},
	);

	async function findPlace(id: string | undefined): Promise<FeedPlace> {
		if (!id) return store.feedEnd();
		const place = readMessageId(id);
		if (!place) {
			const detail =
				"`Last-Event-ID` must be the id of a message of this stream, such as 12.0. Leave it out to begin now.";
			throw new RequestError("invalid_request", detail);
		}
		try {
			await store.readFeed(place, 1);
		} catch (cause) {
			if (!(cause instanceof InvalidCursorError)) throw cause;
			const detail = "This server has not come to that id; it may have been restored from a backup. Begin without one.";
			throw new RequestError("invalid_cursor", detail);
		}
		return place;
	}

	function refusal(): RequestError {
		const stopping = "The server is stopping. Come back in a moment.";
		if (live.isClosed) return new RequestError("shutting_down", stopping, { "retry-after": "1" });
		const detail = `${live.maxStreams} streams are open, which is as many as may. Close one, or ask again later.`;
		return new RequestError("overloaded", detail, { "retry-after": "10" });
	}
}
