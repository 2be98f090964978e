import type { Pool, PoolClient } from "pg";
import { isConflict } from "./errors.ts";
import { createRunWork } from "./runWork.ts";
import { transact } from "./transact.ts";
import { requireOneState, UnfinishedError } from "./unfinished.ts";

/**
 * Reads in a transaction that sees one commit, once more where a rebuild put other tables in place meanwhile.
 *
 * @param begin how the transaction begins.
 * @throws UnfinishedError where there is no whole workspace.
 */
export function readOneState<T>(pool: Pool, begin: string, read: (client: PoolClient) => Promise<T>): Promise<T> {
	return transact(pool, (client) => readThenLook(client, read), {
		begin,
		isWorthRepeating: (error) => isConflict(error) || error instanceof UnfinishedError,
	});
}

async function readThenLook<T>(client: PoolClient, read: (client: PoolClient) => Promise<T>): Promise<T> {
	const look = () => createRunWork(client)(requireOneState());
	let answer: T;
	try {
		answer = await read(client);
	} catch (error) {
		// Half of one workspace and half of another make no sense. Where no statement is taken any more, the first error stands.
		const cause = await look().catch((other) => (other instanceof UnfinishedError ? other : null));
		throw cause ?? error;
	}
	await look();
	return answer;
}
