/**
 * What became of an event. `delivered`: the collector has it on disk. `queued`: not yet, it is kept and will be retried
 * (after a first failed attempt, or when the page goes away). `dropped`: it will never arrive, `reason` says why:
 * `overflow`, `expired`, `too_large`, `denied` (consent), `plugin:<name>`, `http_<status>`, or the code of the
 * collector's verdict.
 */
export interface Delivery {
	status: "delivered" | "queued" | "dropped";
	reason?: string;
	messageId: string;
}
