/** A number that stands for the workspace that a connection looks at. */
const workspace = "hashtextextended('selfsame workspace ' || current_schema(), 0)";

/** Many may add events at once; held until the transaction ends. */
export const lockShared = `SELECT pg_advisory_xact_lock_shared(${workspace})`;

/** Nobody else writes until the transaction ends. Statements that come after it see all that was committed before. */
export const lockExclusive = `SELECT pg_advisory_xact_lock(${workspace})`;

/** The same until the connection ends, or lets go of it. */
export const holdExclusive = `SELECT pg_advisory_lock(${workspace})`;
