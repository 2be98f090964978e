import type { Work } from "./work.ts";

/** The little in which the statements of the databases differ. */
export interface Dialect {
	/** The condition that a payload `p` is that of the event `e`. */
	payloadOfEvent: string;
	/**
	 * What is different whenever anything was committed, as one value.
	 *
	 * It may be different without a commit too.
	 */
	version: () => Work<string | number>;
	/**
	 * The number up to which events, and that up to which dead letters, are all there: none that is committed later will
	 * have one of these numbers.
	 */
	feedEnd: () => Work<{ seq: number; letter: number }>;
}
