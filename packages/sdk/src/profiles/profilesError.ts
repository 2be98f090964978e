/** What the collector answered instead of what was asked for, or why there is no answer. */
export class ProfilesError extends Error {
	override readonly name = "ProfilesError";
	/** Stable, such as `not_found`, `missing_scope` or `invalid_request`; `network_error` where no answer came. */
	readonly code: string;
	/** The HTTP status; 0 where no answer came. */
	readonly status: number;
	/** What is wrong and what to do, for a person. */
	readonly detail: string;
	/** Names the request in the collector's log; null where it gave none. */
	readonly requestId: string | null;

	constructor(
		{
			code,
			status,
			detail,
			requestId = null,
		}: { code: string; status: number; detail: string; requestId?: string | null },
		options?: ErrorOptions,
	) {
		super(`${code}: ${detail}`, options);
		this.code = code;
		this.status = status;
		this.detail = detail;
		this.requestId = requestId;
	}
}
