/** First in, first out, at the same cost whatever its length (`Array.shift` moves every element). */
export class Fifo<T> {
	#items: T[] = [];
	#head = 0;

	get length(): number {
		return this.#items.length - this.#head;
	}

	items(): T[] {
		return this.#items.slice(this.#head);
	}

	push(item: T): void {
		this.#items.push(item);
	}

	peek(): T | undefined {
		return this.#items[this.#head];
	}

	/** Takes the first; not to be called on an empty one. */
	shift(): T | undefined {
		const item = this.#items[this.#head];
		this.#head++;
		// The used half goes at once, so an element is moved once on average.
		if (this.#head > 1_000 && this.#head * 2 > this.#items.length) {
			this.#items = this.#items.slice(this.#head);
			this.#head = 0;
		}
		return item;
	}
}
