import type { ClientBase } from "pg";

const prefix = "selfsame workspace ";

/** A number that stands for the workspace that a connection looks at. */
const workspace = `hashtextextended('${prefix}' || current_schema(), 0)`;

/** Many may add events at once; held until the transaction ends. */
export const lockShared = `SELECT pg_advisory_xact_lock_shared(${workspace})`;

/** Nobody else writes until the transaction ends. Statements that come after it see all that was committed before. */
export const lockExclusive = `SELECT pg_advisory_xact_lock(${workspace})`;

/** The same for the workspace in a schema, which need not be there yet, until the connection ends. */
export async function holdExclusive(client: ClientBase, schema: string): Promise<void> {
	await client.query("SELECT pg_advisory_lock(hashtextextended($1, 0))", [`${prefix}${schema}`]);
}
