import type { IdentifierIds } from "../sql/identifiers.ts";
import { pluck } from "../sql/work.ts";

/** Numbers for the identifiers that the one writer makes: on from the largest there is. */
export function createCountedIds(): IdentifierIds {
	let last: number | null = null;
	return {
		*next() {
			last = (last ?? ((yield* pluck<number>("SELECT coalesce(max(id), 0) FROM identifiers")) as number)) + 1;
			return last;
		},
		forget() {
			last = null;
		},
	};
}
