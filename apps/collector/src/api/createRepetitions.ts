import { createHash } from "node:crypto";
import type { Deps } from "../deps.ts";
import { problem, RequestError } from "../problem.ts";

/** ms that an answer is kept for. */
const KEPT = 24 * 60 * 60 * 1_000;
/** ms. A request that has no answer after this long has none coming: the process that took it is gone. */
const ABANDONED = 60 * 1_000;

/** Answers a request that carries an `Idempotency-Key` once, and its repetitions as it was answered. */
export interface Repetitions {
	/**
	 * @param what the request: who asks (the secret key's id), its own key, and everything that makes it what it is.
	 * @throws RequestError where the key is no key, was used for another request, or is being answered.
	 */
	once(what: { asker: string; key: string; request: unknown[] }, answer: () => Promise<Response>): Promise<Response>;
}

/** Only hashes of keys and requests are kept, and answers until they are a day old. */
export function createRepetitions({ store, now, steadyNow }: Pick<Deps, "store" | "now" | "steadyNow">): Repetitions {
	return {
		async once({ asker, key, request }, answer) {
			if (!/^[\x20-\x7e]{1,255}$/.test(key)) {
				throw new RequestError("invalid_request", "`Idempotency-Key` takes 1 to 255 printable ASCII characters.");
			}
			const hash = digest([asker, key]);
			const at = steadyNow();
			// A clock that was set ahead must forget no answer: its request would be carried out again.
			const limits = { forgetBefore: Math.min(at, now()) - KEPT, abandonedBefore: at - ABANDONED };
			const claim = await store.claimRequest({ hash, request: digest(request), at }, limits);
			if (claim.state === "answered") {
				const { status, body } = claim;
				return new Response(body, {
					status,
					headers: { "content-type": typeOf(status), "idempotency-replayed": "true" },
				});
			}
			if (claim.state === "different") {
				const detail = "This `Idempotency-Key` was used for another request. Make a new one for each that you mean.";
				throw new RequestError("idempotency_key_reused", detail);
			}
			if (claim.state === "running") {
				const detail = "A request with this `Idempotency-Key` is being answered. Ask again for its answer.";
				throw new RequestError("request_in_progress", detail, { "retry-after": "1" });
			}
			return keep(hash, answer);
		},
	};

	async function keep(hash: string, answer: () => Promise<Response>): Promise<Response> {
		let response: Response;
		try {
			response = await answer().catch(toResponse);
		} catch (error) {
			await store.releaseRequest(hash).catch(() => {});
			throw error;
		}
		const body = await response.clone().text();
		// What was done is done, even if its answer cannot be kept.
		await store.answerRequest(hash, { status: response.status, body }).catch(() => {});
		return response;
	}
}

/** A refusal is an answer like others; a fault is none, and may be over at the next try. */
function toResponse(error: unknown): Response {
	if (error instanceof RequestError && problem(error.code, "").status < 500) return error.toResponse();
	throw error;
}

function typeOf(status: number): string {
	return status < 400 ? "application/json" : "application/problem+json";
}

function digest(parts: unknown[]): string {
	return createHash("sha256").update(JSON.stringify(parts)).digest("base64url");
}
