import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";

type Row = Record<string, unknown>;

/**
 * Asks DuckDB about the bytes of a file, as an analyst would.
 *
 * @param sql with `FILE` where the file's path belongs. Values come as JSON; numbers wider than JavaScript's as text.
 */
export async function askDuckDb(bytes: Uint8Array, sql: string): Promise<Row[]> {
	const directory = mkdtempSync(join(tmpdir(), "selfsame-duckdb-"));
	const file = join(directory, "export");
	writeFileSync(file, bytes);
	const instance = await DuckDBInstance.create(":memory:");
	const connection = await instance.connect();
	try {
		await connection.run("SET TimeZone = 'UTC'");
		return (await connection.runAndReadAll(sql.replaceAll("FILE", `'${file}'`))).getRowObjectsJson();
	} finally {
		connection.closeSync();
		instance.closeSync();
		rmSync(directory, { recursive: true, force: true });
	}
}
