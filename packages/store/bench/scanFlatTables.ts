import Database from "better-sqlite3";

/** What is asked of the flat tables, by the name of the search that asks the same. */
type ScanTimes = Record<keyof typeof scans, number>;

const price = "payload ->> '$.properties.price'";
const ofOrders = "SELECT profile FROM happened WHERE name = 'Order Completed'";
const firstPage = "ORDER BY profile LIMIT 50";
const byProfile = "GROUP BY profile";
const scans = {
	trait: `SELECT profile FROM people WHERE plan = 'enterprise' ${firstPage}`,
	did: `${ofOrders} ${byProfile} HAVING count(*) >= 30 ${firstPage}`,
	property: `${ofOrders} AND ${price} > 45 ${byProfile} ${firstPage}`,
	nobodysProperty: `${ofOrders} AND ${price} > 1000 ${byProfile} ${firstPage}`,
	fewHave: `${ofOrders} AND ${price} > 85 ${byProfile} ${firstPage}`,
	newProperty: `${ofOrders} AND payload ->> '$.properties.coupon' IS NOT NULL ${byProfile} ${firstPage}`,
	sum: `${ofOrders} ${byProfile} HAVING sum(${price}) > 1000 ${firstPage}`,
	sequence: `SELECT DISTINCT profile FROM (SELECT profile, name, ts,
		max(CASE WHEN name = 'Product Viewed' THEN ts END)
		OVER (PARTITION BY profile ORDER BY ts ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS viewed
		FROM happened WHERE name IN ('Product Viewed', 'Order Completed')) q
		WHERE name = 'Order Completed' AND viewed >= ts - 3600000 ${firstPage}`,
} as const;

/**
 * The ceiling of a search: one scan of a flat table that was joined for it before, with the settings of our own
 * connections. Of a profile a row, with its traits in columns; of an event a row, with its profile and its payload.
 *
 * @returns ms: the median of 7 scans each, after two that warm up.
 */
function scanFlatTables(workspace: string, target: string): ScanTimes {
	const database = new Database(target);
	database.pragma("journal_mode = WAL");
	database.pragma("cache_size = -65536");
	database.pragma("temp_store = MEMORY");
	database.pragma("mmap_size = 268435456");
	database.prepare("ATTACH ? AS workspace").run(workspace);
	database.exec(`
		CREATE TABLE people (profile TEXT PRIMARY KEY, plan TEXT, age INTEGER, city TEXT);
		CREATE TABLE happened (profile TEXT, name TEXT, ts INTEGER, payload TEXT);
		CREATE TEMP TABLE named AS SELECT i.id, 'pro_' || hex(i.key) AS profile FROM workspace.identifiers i WHERE i.type = 'user_id';
		CREATE UNIQUE INDEX temp.named_id ON named (id);
		INSERT INTO people SELECT n.profile,
			max(iif(w.key = 'plan', w.value ->> '$', NULL)), max(iif(w.key = 'age', w.value ->> '$', NULL)),
			max(iif(w.key = 'city', w.value ->> '$', NULL))
			FROM workspace.trait_writes w JOIN named n ON n.id = w.lead GROUP BY n.profile;
		INSERT INTO happened SELECT n.profile, e.name, e.ts, p.body FROM workspace.events e JOIN named n ON n.id = e.lead
			JOIN workspace.event_payloads p ON p.seq = e.seq ORDER BY n.profile;
		DETACH workspace;
	`);
	const time = (sql: string) => {
		const statement = database.prepare(sql);
		const times = Array.from({ length: 9 }, () => {
			const from = performance.now();
			statement.all();
			return performance.now() - from;
		});
		return times.slice(2).sort((a, b) => a - b)[3] as number;
	};
	const times = Object.entries(scans).map(([name, sql]) => [name, time(sql)]);
	database.close();
	return Object.fromEntries(times) as ScanTimes;
}

const [workspace = "", target = ""] = process.argv.slice(2);
process.send?.({ report: scanFlatTables(workspace, target) });
