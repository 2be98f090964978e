/** The little in which the statements of the databases differ. */
export interface Dialect {
	/**
	 * What is written after `events e`, so that `payload` may be asked for: a join, where that is no dearer than looking the
	 * payload up for each row that is shown.
	 */
	payloads: string;
	/** A column of the payload of the event `e`; null where there is none any more. */
	payload(column: "body" | "traits"): string;
	/** Makes the table `erased (seq)`, which only this connection sees, where it is not there yet. */
	createErased: string;
	/** The columns that tell one counter from another: PostgreSQL keeps several rows of each, which are summed. */
	counterKey: string;
	/** Asks for the last number that a dead letter was given, as one row or none. */
	lastLetter: string;
	/** The condition that a text holds another, which is bound to it: `contains("body")`. */
	contains(text: string): string;
	/** Asks for one value that is another after each commit; it may become another without one. */
	version: string;
	/**
	 * Asks for the numbers up to which events (`seq`) and dead letters (`letter`) are all there: whatever is committed later
	 * has greater ones.
	 */
	feedEnd: string;
}
