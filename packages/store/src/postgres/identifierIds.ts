import type { IdentifierIds } from "../sql/identifiers.ts";
import { pluck, type Work } from "../sql/work.ts";

/** How many numbers the sequence hands out at a time; see `identifierIds` in the schema. */
const block = 1_000;

/**
 * Numbers for new identifiers, a block at a time. Any number of transactions may draw from it at once.
 *
 * @param sequence default that of the workspace that the connection looks at.
 */
export function createBlockIds(sequence = "identifier_ids"): IdentifierIds {
	let next = 0;
	let end = 0;
	return {
		*next(): Work<number> {
			if (next === end) {
				// Whoever draws a block meanwhile leaves the rest of this one unused.
				next = (yield* pluck<number>(`SELECT nextval('${sequence}')`)) as number;
				end = next + block;
			}
			const id = next;
			next += 1;
			return id;
		},
		// Numbers are drawn whatever becomes of the transaction.
		forget() {},
	};
}
