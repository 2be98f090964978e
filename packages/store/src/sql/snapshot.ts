import type { Dataset, DatasetRows, Snapshot } from "../port.ts";
import type { Datasets, Place } from "./datasets.ts";
import type { Work } from "./work.ts";

/**
 * Reads a database that stands still.
 *
 * @param run runs one work after another.
 */
export function createSnapshot(
	datasets: Datasets,
	run: <T>(work: Work<T>) => T | Promise<T>,
	close: () => Promise<void>,
): Snapshot {
	return {
		count: async (dataset) => run(datasets[dataset].count()),
		async *pages<D extends Dataset>(dataset: D): AsyncGenerator<DatasetRows[D][]> {
			let place: Place | null = null;
			do {
				const { rows, next }: { rows: DatasetRows[D][]; next: Place | null } = await run(datasets[dataset].page(place));
				if (rows.length > 0) yield rows;
				place = next;
			} while (place);
		},
		close,
	};
}
