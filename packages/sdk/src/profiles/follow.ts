import { ProfilesError } from "./profilesError.ts";
import { sleep } from "./sleep.ts";

/** One message of a stream of server-sent events; `data` is null where it only says how far the stream has come. */
interface Message {
	id: string | null;
	data: string | null;
	/** ms to wait before coming back; null: not said. */
	retry: number | null;
}

/** ms between two connections, until the server says otherwise. */
const RETRY = 2_000;
const mayPass = (error: unknown) =>
	!(error instanceof ProfilesError) || error.status === 0 || error.status === 429 || error.status === 503;

/**
 * The messages of a stream that begins anew where it was cut. Ends when the signal says so; throws what the first
 * connection throws, and later what waiting cannot mend.
 *
 * @param open connects; told the id to go on after, null: none yet.
 */
export async function* follow(
	open: (lastEventId: string | null) => Promise<Response>,
	{ lastEventId = null, signal }: { lastEventId?: string | null; signal?: AbortSignal },
): AsyncGenerator<{ id: string; data: string }> {
	let [id, wait, isKnown] = [lastEventId, RETRY, false];
	while (!signal?.aborted) {
		try {
			const { body } = await open(id);
			isKnown = true;
			for await (const message of readMessages(body as ReadableStream<Uint8Array>)) {
				id = message.id ?? id;
				wait = message.retry ?? wait;
				if (message.data !== null) yield { id: id ?? "", data: message.data };
			}
		} catch (error) {
			if (signal?.aborted) return;
			if (!isKnown || !mayPass(error)) throw error;
		}
		await sleep(wait, signal).catch(() => {});
	}
}

/** The messages in a body, as https://html.spec.whatwg.org/multipage/server-sent-events.html reads them. */
async function* readMessages(body: ReadableStream<Uint8Array>): AsyncGenerator<Message> {
	const reader = body.getReader();
	const decoder = new TextDecoder();
	let rest = "";
	try {
		for (;;) {
			const { done, value } = await reader.read();
			if (done) return;
			const blocks = (rest + decoder.decode(value, { stream: true })).split("\n\n");
			rest = blocks.pop() ?? "";
			for (const block of blocks) yield readMessage(block);
		}
	} finally {
		// Also when whoever reads has seen enough.
		await reader.cancel().catch(() => {});
	}
}

function readMessage(block: string): Message {
	const message: Message = { id: null, data: null, retry: null };
	for (const line of block.split("\n")) {
		const [, field = "", value = ""] = /^(\w+): ?(.*)$/.exec(line) ?? [];
		if (field === "id") message.id = value;
		if (field === "retry") message.retry = Number(value);
		if (field === "data") message.data = message.data === null ? value : `${message.data}\n${value}`;
	}
	return message;
}
