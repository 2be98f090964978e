/** How a workspace in PostgreSQL is reached, as its URL says. */
export interface PostgresUrl {
	/** What `pg` is given: the URL without what is ours. */
	connectionString: string;
	/** Where the workspace's tables are. */
	schema: string;
	/** Connections at the most. */
	poolSize: number;
	/** How long to wait for a connection, ms. */
	connectTimeout: number;
	/** How long a statement may take, ms; 0: as long as it likes. */
	statementTimeout: number;
	/** Whether to make sure that the server syncs commits to disk. */
	checksDurability: boolean;
}

const ours = ["schema", "pool_size", "connect_timeout", "statement_timeout", "durability"] as const;

/** Settings of a connection that `pg` understands, or that providers put into their URLs and which ask for nothing. */
const theirs = [
	...[
		"host",
		"port",
		"user",
		"password",
		"application_name",
		"fallback_application_name",
		"options",
		"client_encoding",
	],
	...["ssl", "sslmode", "sslcert", "sslkey", "sslrootcert", "sslnegotiation", "uselibpqcompat", "channel_binding"],
	...["lock_timeout", "idle_in_transaction_session_timeout", "target_session_attrs", "gssencmode"],
];

export function isPostgresUrl(url: string): boolean {
	return /^postgres(?:ql)?:\/\//.test(url);
}

/**
 * Reads `postgres://USER:PASSWORD@HOST:PORT/DATABASE?...`. Besides the parameters of PostgreSQL itself (`sslmode` and so
 * on) there are:
 *
 * - `schema` (default `selfsame`): the tables' schema; one database can hold several workspaces.
 * - `pool_size` (default 10): connections of each collector for reading, and as many for ingest, at the most.
 * - `connect_timeout` (default 10): seconds to wait for a connection.
 * - `statement_timeout` (default 30000): ms after which a statement is given up.
 * - `durability=unchecked`: does not ask whether the server syncs commits to disk. For servers that can lose everything,
 *   such as those of tests, and for engines that keep commits safe in a way of their own.
 *
 * @throws Error that names the parameter, and never shows the URL: it may hold a password.
 */
export function readPostgresUrl(url: string): PostgresUrl {
	const parsed = parseUrl(url);
	const given = parsed.searchParams;
	const known: readonly string[] = [...ours, ...theirs];
	const unknown = [...given.keys()].find((name) => !known.includes(name));
	if (unknown !== undefined) {
		throw new Error(
			`DATABASE_URL has a parameter "${unknown}", which is none. Of Selfsame's own there are: ${ours.join(", ")}.`,
		);
	}
	const settings = {
		schema: readSchema(given.get("schema") ?? "selfsame"),
		poolSize: readNumber(given, "pool_size", 10, 2),
		connectTimeout: readNumber(given, "connect_timeout", 10, 1) * 1_000,
		statementTimeout: readNumber(given, "statement_timeout", 30_000, 0),
		checksDurability: readDurability(given.get("durability")),
	};
	for (const name of ours) given.delete(name);
	return { connectionString: parsed.href, ...settings };
}

function parseUrl(url: string): URL {
	if (isPostgresUrl(url) && URL.canParse(url)) return new URL(url);
	throw new Error(
		"DATABASE_URL must be postgres://USER:PASSWORD@HOST:PORT/DATABASE, with %40 for an @ in the password and so on.",
	);
}

function readSchema(name: string): string {
	if (/^[a-z_][a-z0-9_]{0,62}$/.test(name) && !name.startsWith("pg_")) return name;
	throw new Error("`schema` in DATABASE_URL must be 1 to 63 of a-z, 0-9 and _, begin with no digit and not with pg_.");
}

function readNumber(given: URLSearchParams, name: string, otherwise: number, least: number): number {
	const text = given.get(name);
	if (text === null) return otherwise;
	const number = Number(text);
	if (/^\d{1,9}$/.test(text) && number >= least) return number;
	throw new Error(`\`${name}\` in DATABASE_URL must be a whole number from ${least} up.`);
}

function readDurability(text: string | null): boolean {
	if (text === null) return true;
	if (text === "unchecked") return false;
	throw new Error("`durability` in DATABASE_URL may only be `unchecked`; without it, it is checked.");
}
