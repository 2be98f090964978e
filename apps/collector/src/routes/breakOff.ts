import type { HttpBindings } from "@hono/node-server";
import type { Context } from "hono";

/**
 * Passes a stream on to the client so that a failure shows: the connection is closed in the middle of the answer. An
 * answer that merely ended early could not be told from a whole one.
 *
 * @param tell is told why, once.
 */
export function breakOff(
	c: Context,
	stream: ReadableStream<Uint8Array>,
	tell: (reason: unknown) => void,
): ReadableStream<Uint8Array> {
	const { outgoing } = (c.env ?? {}) as Partial<HttpBindings>;
	const reader = stream.getReader();
	// At once, not when it is read next: a client that has stopped reading would keep its connection for ever.
	reader.closed.catch((error) => {
		tell(error);
		outgoing?.destroy();
	});
	return new ReadableStream<Uint8Array>(
		{
			async pull(controller) {
				try {
					const { done, value } = await reader.read();
					if (done) controller.close();
					else controller.enqueue(value);
				} catch (error) {
					// With the connection gone there is nobody to tell; the adapter would print it.
					if (outgoing) controller.close();
					else controller.error(error);
				}
			},
			cancel: (reason) => reader.cancel(reason),
		},
		{ highWaterMark: 0 },
	);
}
