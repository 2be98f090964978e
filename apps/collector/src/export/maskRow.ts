import type { EventView, Profile, TraitWrite } from "@selfsame/protocol";
import type { Dataset, DatasetRows } from "@selfsame/store";
import type { Mask } from "../privacy/createMask.ts";

/** A row of a dataset as a key may see it. */
export function maskRow<D extends Dataset>(mask: Mask, dataset: D, row: DatasetRows[D]): DatasetRows[D] {
	const masked = {
		profiles: () => mask.profile(row as Profile),
		events: () => mask.event(row as EventView),
		identifiers: () => mask.identifier(row as DatasetRows["identifiers"]),
		"trait-history": () => {
			const write = row as DatasetRows["trait-history"];
			return { ...write, ...mask.traitWrite(write.key, write as TraitWrite), key: mask.text(write.key) };
		},
	};
	return masked[dataset]() as DatasetRows[D];
}
