/** Lends bytes up to a limit, so that what is in flight cannot outgrow memory. */
export interface ByteBudget {
	/** Takes `bytes`; false, and nothing taken, when that would pass the limit. */
	take(bytes: number): boolean;
	give(bytes: number): void;
	/** Bytes lent now. */
	readonly used: number;
}

export function createByteBudget(limit: number): ByteBudget {
	let used = 0;
	return {
		take(bytes) {
			if (used + bytes > limit) return false;
			used += bytes;
			return true;
		},
		give(bytes) {
			used -= bytes;
		},
		get used() {
			return used;
		},
	};
}
