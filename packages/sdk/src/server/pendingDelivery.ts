import type { Delivery } from "../core/index.ts";
import type { Batch } from "./delivery/batch.ts";

/**
 * What a call answers with: a promise that comes to life when somebody asks for it. Most calls are not awaited, and
 * 100,000 real promises that wait in a queue would be most of its memory. It never rejects.
 */
export class PendingDelivery implements Promise<Delivery> {
	readonly [Symbol.toStringTag] = "Promise";
	#batch: Batch;
	#index: number;
	#messageId: string;
	#hurry: () => void;

	constructor(batch: Batch, index: number, messageId: string, hurry: () => void) {
		this.#batch = batch;
		this.#index = index;
		this.#messageId = messageId;
		this.#hurry = hurry;
	}

	// biome-ignore lint/suspicious/noThenProperty: it is a promise
	then<A = Delivery, B = never>(
		onFulfilled?: ((value: Delivery) => A | PromiseLike<A>) | null,
		onRejected?: ((reason: unknown) => B | PromiseLike<B>) | null,
	): Promise<A | B> {
		if (this.#batch.outcome(this.#index) === undefined) this.#hurry();
		return this.#batch
			.wait(this.#index)
			.then((outcome): Delivery => ({ ...outcome, messageId: this.#messageId }))
			.then(onFulfilled, onRejected);
	}

	catch<B = never>(onRejected?: ((reason: unknown) => B | PromiseLike<B>) | null): Promise<Delivery | B> {
		return this.then(undefined, onRejected);
	}

	finally(onFinally?: (() => void) | null): Promise<Delivery> {
		return this.then().finally(onFinally);
	}
}
