import Database from "better-sqlite3";

/** Damages a database file as a fault of ours would: no anonymous id belongs to anybody any more. */
export function disownDevices(file: string): void {
	const database = new Database(file);
	database.exec("UPDATE identifiers SET owner = NULL WHERE type = 'anonymous_id'");
	database.close();
}
