import Database from "better-sqlite3";

/**
 * The ceiling of ingest, in a process of its own as the server is: rows into one plain table with two indexes, as durably
 * (WAL, synchronous FULL), 1,000 a commit. Started with the file's path; takes batches of rows, answers with seconds.
 */
const database = new Database(process.argv[2] as string);
database.pragma("journal_mode = WAL");
database.pragma("synchronous = FULL");
database.exec(`CREATE TABLE events (seq INTEGER PRIMARY KEY, message_id TEXT, type TEXT, ts INTEGER, user_id TEXT,
	anonymous_id TEXT, name TEXT, payload TEXT);
	CREATE UNIQUE INDEX message ON events (message_id); CREATE INDEX person ON events (user_id, ts)`);
const put = database.prepare("INSERT INTO events VALUES (NULL, ?, ?, ?, ?, ?, ?, ?)");
const insert = database.transaction((rows: unknown[][]) => {
	for (const row of rows) put.run(...row);
});

process.on("message", (rows: unknown[][]) => {
	const start = performance.now();
	for (let i = 0; i < rows.length; i += 1_000) insert(rows.slice(i, i + 1_000));
	process.send?.((performance.now() - start) / 1_000);
});
