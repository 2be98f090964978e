import { StorageUnavailableError } from "../port.ts";
import { putMeta, readMeta } from "../sql/meta.ts";
import { column, run, type Work } from "../sql/work.ts";

/** What is being built in a schema. */
export type Building = "copy" | "rebuild";

/** The schema holds no workspace, but what is to become one. */
export class UnfinishedError extends StorageUnavailableError {}

const advice: Record<Building, string> = {
	copy: "This PostgreSQL schema holds a copy that is not complete, or not yet verified. Run `selfsame copy` to its end again.",
	rebuild:
		"This PostgreSQL schema is what `selfsame rebuild` builds beside the workspace, and not complete. Run the rebuild to its end again.",
};

/** Notes what is being built, for as long as it is not to be taken for the workspace. */
export const markUnfinished = (building: Building): Work<void> => putMeta("unfinished", building);

export const markFinished = (): Work<number> => run("DELETE FROM meta WHERE name = 'unfinished'");

/** @throws UnfinishedError where a copy or a rebuild was not brought to its end. */
export function* requireFinished(): Work<void> {
	const building = yield* readMeta("unfinished");
	if (building !== undefined) throw new UnfinishedError(advice[building as Building]);
}

/**
 * Asked last in a transaction that sees one commit: whether all that was read in it is of one workspace. A rebuild puts
 * other tables in the place of those in use, and names of tables are looked up as they are now, whatever the transaction
 * sees. But as it sees the new tables, they are not complete, or not there at all.
 */
export function* requireOneState(): Work<void> {
	const names = yield* column<string>("SELECT name FROM meta WHERE name IN ('identity_rules', 'unfinished')");
	if (names.length === 1 && names[0] === "identity_rules") return;
	yield* requireFinished();
	throw new UnfinishedError("The workspace was rebuilt while it was read. Ask again.");
}
