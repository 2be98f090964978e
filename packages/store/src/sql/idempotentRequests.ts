import type { RepeatableRequest, RequestClaim } from "../port.ts";
import { get, run, type Work } from "./work.ts";

interface RequestRow {
	request: string;
	status: number | null;
	body: string | null;
}

const put = "INSERT INTO idempotent_requests (hash, request, at) VALUES (?, ?, ?) ON CONFLICT DO NOTHING";
const find = "SELECT request, status, body FROM idempotent_requests WHERE hash = ?";

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
		for (;;) {
			// Whoever comes at the same instant waits here, and then finds the row.
			if ((yield* run(put, hash, request, at)) > 0) return { state: "new" };
			const known = yield* get<RequestRow>(find, hash);
			// It was given up just now.
			if (!known) continue;
			if (known.request !== request) return { state: "different" };
			if (known.status === null) return { state: "running" };
			return { state: "answered", status: known.status, body: known.body ?? "" };
		}
	},
	*answer(hash: string, { status, body }: { status: number; body: string }): Work<void> {
		yield* run("UPDATE idempotent_requests SET status = ?, body = ? WHERE hash = ?", status, body, hash);
	},
	*release(hash: string): Work<void> {
		yield* run("DELETE FROM idempotent_requests WHERE hash = ? AND status IS NULL", hash);
	},
};
