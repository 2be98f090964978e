/** Lends bytes up to a limit, so that what is in flight cannot outgrow memory. */
export interface ByteBudget {
	/**
	 * Begins the account of one request, at nothing: what has arrived is lent, not what was declared.
	 *
	 * @param isKeyed whether its headers or its address named a source. The others share a small part.
	 */
	open(isKeyed: boolean): Loan;
	/** Notes bytes that were read and not kept. */
	drop(bytes: number): void;
	/** Bytes lent now. */
	readonly used: number;
}

export interface Loan {
	/** Makes the loan at least this large; false, and nothing changed, when that would pass the limit. */
	growTo(bytes: number): boolean;
	/** Called when the bytes are wanted for others before the body is complete: it came too slowly. */
	onGivenUp: (() => void) | null;
	/** The whole body is there: from now on the loan is not taken back. */
	complete(): void;
	/** The body has named a source: what it becomes no longer counts against the small part of those that name none. */
	vouch(): void;
	/** Gives all of it back. Once. */
	end(): void;
}

/** A request up to this size counts as small. */
const SMALL = 64 * 1024;

/** A request from this size on leaves so much behind that V8 should not wait; ordinary batches would only be slowed by it. */
const HUGE = 1024 * 1024;

/** So many bytes of huge requests, or of dropped ones, leave enough behind to be worth collecting. */
const WORTH_RELIEF = 8 * 1024 * 1024;

/** The part of the limit for requests that named no source before their body: 2 MiB of the usual 16, some 32 of the largest. */
const UNKEYED_SHARE = 1 / 8;

/**
 * ms. A body that is still not whole after this long makes room for others, the oldest first, once there is none left. In
 * the small part it does so at once: there an honest event comes in one piece, and whoever fills it does not.
 */
const PROMPT = 1_000;

/**
 * @param limit bytes. Half of it is for small requests: large ones, which take ten times their bytes once they are parsed,
 * and whose senders may also be slow, cannot shut out the ordinary ones.
 * @param relieve is called after each 8 MiB of requests from 1 MiB on, and of dropped bytes.
 * @param steadyNow ms by a clock that nobody sets.
 */
export function createByteBudget(
	limit: number,
	relieve = () => {},
	steadyNow: () => number = () => performance.now(),
): ByteBudget {
	let used = 0;
	let unkeyed = 0;
	let sinceRelief = 0;
	/** Those whose body is not complete, by the time they began; only those that had to wait for it. */
	const arriving = new Set<OpenLoan>();

	function fits(loan: OpenLoan, size: number): boolean {
		const more = size - loan.lent;
		if (!loan.isKeyed && unkeyed + more > limit * UNKEYED_SHARE) return false;
		return used + more <= (size > SMALL ? limit / 2 : limit);
	}

	/** Takes bytes back from bodies that come too slowly until a loan fits. */
	function makeRoom(loan: OpenLoan, size: number): boolean {
		const latest = steadyNow() - PROMPT;
		for (const slow of arriving) {
			if (loan.isKeyed && slow.began > latest) break;
			// What a keyed request holds does not help one that shares the small part.
			if (slow === loan || (!loan.isKeyed && slow.isKeyed)) continue;
			const giveUp = slow.onGivenUp;
			slow.end();
			giveUp?.();
			if (fits(loan, size)) return true;
		}
		return false;
	}

	function drop(bytes: number): void {
		sinceRelief += bytes;
		if (sinceRelief < WORTH_RELIEF) return;
		sinceRelief = 0;
		relieve();
	}

	class OpenLoan implements Loan {
		isKeyed: boolean;
		lent = 0;
		began = 0;
		isOver = false;
		onGivenUp: (() => void) | null = null;

		constructor(isKeyed: boolean) {
			this.isKeyed = isKeyed;
		}

		growTo(size: number): boolean {
			if (size <= this.lent) return true;
			if (this.isOver || (!fits(this, size) && !makeRoom(this, size))) return false;
			// One that can be given up is still arriving.
			if (this.onGivenUp && !arriving.has(this)) {
				this.began = steadyNow();
				arriving.add(this);
			}
			this.#add(size - this.lent);
			return true;
		}

		complete(): void {
			arriving.delete(this);
			this.onGivenUp = null;
		}

		vouch(): void {
			if (!this.isKeyed) unkeyed -= this.lent;
			this.isKeyed = true;
		}

		end(): void {
			this.isOver = true;
			this.complete();
			if (this.lent >= HUGE) drop(this.lent);
			this.#add(-this.lent);
		}

		#add(bytes: number): void {
			this.lent += bytes;
			used += bytes;
			if (!this.isKeyed) unkeyed += bytes;
		}
	}

	return {
		open: (isKeyed) => new OpenLoan(isKeyed),
		drop,
		get used() {
			return used;
		},
	};
}
