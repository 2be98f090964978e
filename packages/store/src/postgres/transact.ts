import type { Pool, PoolClient } from "pg";
import { isBroken, isConflict, toStoreError } from "./errors.ts";

export interface TransactOptions {
	/** How the transaction begins; null: `work` begins it and commits it. */
	begin?: string | null;
	/** What is worth doing it again for; by default that others were at the same rows. */
	isWorthRepeating?: (error: unknown) => boolean;
	/** How often to do it at the most. */
	attempts?: number;
}

/** What a reader sees: one commit, whatever is written meanwhile. */
export const readOnly = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";

/**
 * Commits what `work` did on a connection, or nothing of it. Done again from its beginning when it met other
 * transactions, so `work` must begin anew each time.
 *
 * @throws StorageUnavailableError when the database cannot take it now. When the connection broke during the very commit,
 *   it may have been committed all the same: whoever asks again must be recognised.
 */
export async function transact<T>(
	pool: Pool,
	work: (client: PoolClient) => Promise<T>,
	{ begin = "BEGIN", isWorthRepeating = isConflict, attempts = 10 }: TransactOptions = {},
): Promise<T> {
	for (let attempt = 1; ; attempt += 1) {
		try {
			return await once(pool, work, begin);
		} catch (error) {
			if (attempt >= attempts || !isWorthRepeating(error)) throw toStoreError(error);
			// Those who met are not to meet again.
			await new Promise((resolve) => setTimeout(resolve, Math.random() * 2 ** Math.min(attempt, 8)));
		}
	}
}

async function once<T>(pool: Pool, work: (client: PoolClient) => Promise<T>, begin: string | null): Promise<T> {
	const client = await pool.connect();
	let broken: Error | undefined;
	try {
		if (begin !== null) await client.query(begin);
		const result = await work(client);
		if (begin === null) return result;
		const { command } = await client.query("COMMIT");
		// A transaction with an error that `work` kept to itself ends in a rollback, and PostgreSQL calls that a success.
		if (command !== "COMMIT")
			throw new Error("The transaction was to be committed after a statement in it had failed.");
		return result;
	} catch (error) {
		broken = isBroken(error) ? (error as Error) : await rollBack(client);
		throw error;
	} finally {
		client.release(broken);
	}
}

/** @returns why the connection is of no more use, where it is not. */
async function rollBack(client: PoolClient): Promise<Error | undefined> {
	try {
		await client.query("ROLLBACK");
		return undefined;
	} catch (error) {
		return error as Error;
	}
}
