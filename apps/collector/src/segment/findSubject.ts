import type { Reader } from "../privacy/createReader.ts";
import { RequestError } from "../problem.ts";
import { createAccount } from "./createAccount.ts";
import { createUser } from "./createUser.ts";
import { collections, type Subject } from "./subject.ts";

/** @throws RequestError `not_found` when there is no such user or account. */
export async function findSubject(reader: Reader, collection: string, ref: string): Promise<Subject> {
	if (!collections.some((known) => known === collection)) {
		throw new RequestError("invalid_request", "The collection must be `users` or `accounts`.");
	}
	const subject = await (collection === "users" ? createUser(reader, ref) : createAccount(reader, ref));
	if (subject) return subject;
	throw new RequestError("not_found", "Profile was not found.");
}
