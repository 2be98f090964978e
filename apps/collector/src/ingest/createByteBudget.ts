/** Lends bytes up to a limit, so that what is in flight cannot outgrow memory. */
export interface ByteBudget {
	/** A loan of `bytes`; null when that would pass the limit. */
	borrow(bytes: number): Loan | null;
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

/**
 * @param limit bytes. The last quarter is for small requests: large ones, whose senders may also be slow, cannot shut
 * out the ordinary ones.
 */
export function createByteBudget(limit: number): ByteBudget {
	let used = 0;
	const fits = (bytes: number, size: number) => used + bytes <= (size > SMALL ? limit * 0.75 : limit);

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
					lent = 0;
				},
			};
		},
		get used() {
			return used;
		},
	};
}
