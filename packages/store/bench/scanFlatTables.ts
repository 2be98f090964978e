import Database from "better-sqlite3";

/** ms: the median of 7 scans, after two that warm up. */
interface ScanTimes {
	/** Of a profile a row, with its traits in columns. */
	trait: number;
	/** Of an event a row, with its profile. */
	did: number;
}

/** The ceiling of a search: one scan of a flat table that was joined for it before. */
function scanFlatTables(workspace: string, target: string): ScanTimes {
	const database = new Database(target);
	database.pragma("journal_mode = WAL");
	database.prepare("ATTACH ? AS workspace").run(workspace);
	database.exec(`
		CREATE TABLE people (profile TEXT PRIMARY KEY, plan TEXT, age INTEGER, city TEXT);
		CREATE TABLE happened (profile TEXT, name TEXT, ts INTEGER);
		CREATE TEMP TABLE named AS SELECT i.id, 'pro_' || hex(i.key) AS profile FROM workspace.identifiers i WHERE i.type = 'user_id';
		CREATE UNIQUE INDEX temp.named_id ON named (id);
		INSERT INTO people SELECT n.profile,
			max(iif(w.key = 'plan', w.value ->> '$', NULL)), max(iif(w.key = 'age', w.value ->> '$', NULL)),
			max(iif(w.key = 'city', w.value ->> '$', NULL))
			FROM workspace.trait_writes w JOIN named n ON n.id = w.lead GROUP BY n.profile;
		INSERT INTO happened SELECT n.profile, e.name, e.ts FROM workspace.events e JOIN named n ON n.id = e.lead ORDER BY n.profile;
	`);
	const time = (sql: string, ...values: unknown[]) => {
		const statement = database.prepare(sql);
		const times = Array.from({ length: 9 }, () => {
			const from = performance.now();
			statement.all(...values);
			return performance.now() - from;
		});
		return times.slice(2).sort((a, b) => a - b)[3] as number;
	};
	const result = {
		trait: time("SELECT profile FROM people WHERE plan = ? LIMIT 50", "enterprise"),
		did: time(
			"SELECT profile FROM happened WHERE name = ? GROUP BY profile HAVING count(*) >= 30 ORDER BY profile LIMIT 50",
			"Order Completed",
		),
	};
	database.close();
	return result;
}

const [workspace = "", target = ""] = process.argv.slice(2);
process.send?.({ report: scanFlatTables(workspace, target) });
