/** `now` is ms since 1970; `randomBytes(n)` gives n random bytes, such as `crypto.getRandomValues(new Uint8Array(n))`. */
export interface IdSource {
	now(): number;
	randomBytes(length: number): Uint8Array;
}

/**
 * Makes a generator of version 7 UUIDs that sort in the order they were made, even within one millisecond and when the
 * clock steps back: then the last time stands and a 32-bit counter goes up (RFC 9562, section 6.2, method 1).
 * Ids are therefore the order of a queue.
 */
export function createMessageId({ now, randomBytes }: IdSource): () => string {
	let last = 0;
	let counter = 0;
	const hex = (value: number, length: number) => value.toString(16).padStart(length, "0");
	return () => {
		const bytes = randomBytes(8);
		const byte = (i: number) => bytes[i] as number;
		const time = now();
		// A fresh counter starts in its lower half, so that it has room to go up; a full one borrows the next millisecond.
		if (time > last) {
			last = time;
			counter = (byte(0) & 127) * 2 ** 23 + byte(1) * 2 ** 15 + byte(2) * 2 ** 7 + (byte(3) >> 1);
		} else if (++counter >= 2 ** 32) {
			last++;
			counter = 0;
		}
		// 48 bits of time | version, 12 high bits of the counter | variant, 14 more | 6 low bits, 42 random bits.
		const low = counter % 2 ** 20;
		const stamp = hex(last, 12);
		return (
			`${stamp.slice(0, 8)}-${stamp.slice(8)}-7${hex(Math.floor(counter / 2 ** 20), 3)}-` +
			`${hex(0x8000 + Math.floor(low / 64), 4)}-${hex((low % 64) * 4 + (byte(3) & 3), 2)}` +
			[4, 5, 6, 7, 0].map((i) => hex(byte(i), 2)).join("")
		);
	};
}
