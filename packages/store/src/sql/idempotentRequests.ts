import type { RepeatableRequest, RequestClaim } from "../port.ts";
import { get, run, type Work } from "./work.ts";

interface RequestRow {
	request: string;
	status: number | null;
	body: string | null;
}

/** What was asked with a key of its own, and how it was answered, so that asking again changes nothing. */
export const idempotentRequests = {
	*claim(
		{ hash, request, at }: RepeatableRequest,
		{ forgetBefore, abandonedBefore }: { forgetBefore: number; abandonedBefore: number },
	): Work<RequestClaim> {
		yield* run(
			"DELETE FROM idempotent_requests WHERE at < ? OR (status IS NULL AND at < ?)",
			forgetBefore,
			abandonedBefore,
		);
		// Whoever comes at the same instant waits here, and then finds the row.
		const claimed = yield* run(
			"INSERT INTO idempotent_requests (hash, request, at) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
			hash,
			request,
			at,
		);
		if (claimed > 0) return { state: "new" };
		const find = "SELECT request, status, body FROM idempotent_requests WHERE hash = ?";
		const known = (yield* get<RequestRow>(find, hash)) as RequestRow;
		if (known.request !== request) return { state: "different" };
		if (known.status === null) return { state: "running" };
		return { state: "answered", status: known.status, body: known.body ?? "" };
	},
	*answer(hash: string, { status, body }: { status: number; body: string }): Work<void> {
		yield* run("UPDATE idempotent_requests SET status = ?, body = ? WHERE hash = ?", status, body, hash);
	},
	*release(hash: string): Work<void> {
		yield* run("DELETE FROM idempotent_requests WHERE hash = ? AND status IS NULL", hash);
	},
};
