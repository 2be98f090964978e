import { randomBytes } from "node:crypto";

const run = randomBytes(6).toString("base64url");
let count = 0;

/** An id for a request's answer and its log lines: unique over restarts, and cheaper than random for each. */
export function nextRequestId(): string {
	count++;
	return `${run}-${count.toString(36)}`;
}
