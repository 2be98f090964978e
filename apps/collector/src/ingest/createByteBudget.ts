/** Lends bytes up to a limit, so that what is in flight cannot outgrow memory. */
export interface ByteBudget {
	/** A loan of `bytes`; null when that would pass the limit. */
	borrow(bytes: number): Loan | null;
	/** Notes bytes that were read and not kept. */
	drop(bytes: number): void;
	/** Bytes lent now. */
	readonly used: number;
}

export interface Loan {
	/** Makes the loan at least this large; false, and nothing changed, when that would pass the limit. */
	growTo(bytes: number): boolean;
	/** Gives all of it back. Once. */
	end(): void;
}

/** A request up to this size counts as small. */
const SMALL = 64 * 1024;

/** A request from this size on leaves so much behind that V8 should not wait; ordinary batches would only be slowed by it. */
const HUGE = 1024 * 1024;

/** So many bytes of huge requests, or of dropped ones, leave enough behind to be worth collecting. */
const WORTH_RELIEF = 8 * 1024 * 1024;

/**
 * @param limit bytes. Half of it is for small requests: large ones, which take ten times their bytes once they are parsed,
 * and whose senders may also be slow, cannot shut out the ordinary ones.
 * @param relieve is called after each 8 MiB of requests from 1 MiB on, and of dropped bytes.
 */
export function createByteBudget(limit: number, relieve = () => {}): ByteBudget {
	let used = 0;
	let sinceRelief = 0;
	const fits = (bytes: number, size: number) => used + bytes <= (size > SMALL ? limit / 2 : limit);

	function drop(bytes: number): void {
		sinceRelief += bytes;
		if (sinceRelief < WORTH_RELIEF) return;
		sinceRelief = 0;
		relieve();
	}

	return {
		borrow(bytes) {
			if (!fits(bytes, bytes)) return null;
			used += bytes;
			let lent = bytes;
			return {
				growTo(size) {
					if (size <= lent) return true;
					if (!fits(size - lent, size)) return false;
					used += size - lent;
					lent = size;
					return true;
				},
				end() {
					used -= lent;
					if (lent >= HUGE) drop(lent);
					lent = 0;
				},
			};
		},
		drop,
		get used() {
			return used;
		},
	};
}
