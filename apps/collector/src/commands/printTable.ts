/** Prints rows under their keys, in columns; `empty` when there are none. */
export function printTable(rows: Record<string, string>[], empty: string): void {
	const [first] = rows;
	if (!first) {
		console.log(empty);
		return;
	}
	const columns = Object.keys(first);
	const widths = columns.map((column) => Math.max(column.length, ...rows.map((row) => (row[column] ?? "").length)));
	const line = (cells: string[]) =>
		cells
			.map((cell, at) => cell.padEnd(widths[at] ?? 0))
			.join("  ")
			.trimEnd();
	console.log(line(columns));
	for (const row of rows) console.log(line(columns.map((column) => row[column] ?? "")));
}
