import type { RepeatableRequest, RequestClaim } from "../port.ts";
import type { SqliteDatabase } from "./openDatabase.ts";

interface RequestRow {
	request: string;
	status: number | null;
	body: string | null;
}

/** What was asked with a key of its own, and how it was answered, so that asking again changes nothing. */
export function createIdempotentRequests(database: SqliteDatabase) {
	const forget = database.prepare("DELETE FROM idempotent_requests WHERE at < ? OR (status IS NULL AND at < ?)");
	const find = database.prepare("SELECT request, status, body FROM idempotent_requests WHERE hash = ?");
	const put = database.prepare("INSERT INTO idempotent_requests (hash, request, at) VALUES (?, ?, ?)");
	const answer = database.prepare("UPDATE idempotent_requests SET status = ?, body = ? WHERE hash = ?");
	const release = database.prepare("DELETE FROM idempotent_requests WHERE hash = ? AND status IS NULL");

	return {
		/** Inside a transaction that the caller has begun. */
		claim(
			{ hash, request, at }: RepeatableRequest,
			{ forgetBefore, abandonedBefore }: { forgetBefore: number; abandonedBefore: number },
		): RequestClaim {
			forget.run(forgetBefore, abandonedBefore);
			const known = find.get(hash) as RequestRow | undefined;
			if (!known) {
				put.run(hash, request, at);
				return { state: "new" };
			}
			if (known.request !== request) return { state: "different" };
			if (known.status === null) return { state: "running" };
			return { state: "answered", status: known.status, body: known.body ?? "" };
		},
		answer(hash: string, { status, body }: { status: number; body: string }): void {
			answer.run(status, body, hash);
		},
		release(hash: string): void {
			release.run(hash);
		},
	};
}
