/** A failed attempt, or a failing spool. `status` 0 is a network failure or a timeout. */
export class DeliveryError extends Error {
	override name = "DeliveryError";
	status: number;
	constructor(message: string, status: number, cause?: unknown) {
		super(message, cause === undefined ? undefined : { cause });
		this.status = status;
	}
}
