import { type ClientBase, Pool, type PoolClient, types } from "pg";
import { StorageUnavailableError } from "../port.ts";
import type { PostgresUrl } from "./readUrl.ts";

/** Beyond what the server allows a statement: it is not there any more, and nobody has told us. ms. */
const graceOfServer = 5_000;

export interface PoolSettings {
	/** What else the connections say of themselves at their start, each `name=value`. */
	settings?: readonly string[];
	/** Whether statements are sent without waiting for the answers to those before. */
	pipeline?: boolean;
}

/** Object identifier of `bigint`. */
const bigint = 20;

/**
 * What every connection says of itself at its start.
 *
 * - Only the workspace's own schema is looked at (and PostgreSQL's).
 * - A collector that vanished must not hold its locks: its connection is ended when it is silent within a transaction,
 *   or when its machine does not answer.
 * - Plans for this workspace's short statements are as good without knowing the values, and are then made once; just-in-time
 *   compilation costs more than any of them.
 */
const sessionOptions = (schema: string, settings: readonly string[]) =>
	[
		`search_path="${schema}"`,
		"idle_in_transaction_session_timeout=60000",
		"tcp_keepalives_idle=30",
		"tcp_keepalives_interval=10",
		"tcp_keepalives_count=3",
		"jit=off",
		...settings,
	]
		.map((setting) => `-c ${setting}`)
		.join(" ");

/**
 * Opens the connections to a workspace; they are made when they are needed. What is set in the URL wins over what is set
 * here. Nothing is kept open by an idle connection, and one that breaks is forgotten: the next one asked for is a new one.
 *
 * Whoever takes a connection (`transact`) gets rid of it when it broke.
 */
export function openPool(
	{ connectionString, schema, poolSize, connectTimeout, statementTimeout, checksDurability }: PostgresUrl,
	{ settings = [], pipeline = false }: PoolSettings = {},
): Pool {
	const given = new URL(connectionString);
	const options = [sessionOptions(schema, settings), given.searchParams.get("options") ?? ""].join(" ").trim();
	given.searchParams.delete("options");
	const pool = new Pool({
		connectionString: given.href,
		max: poolSize,
		connectionTimeoutMillis: connectTimeout,
		statement_timeout: statementTimeout,
		query_timeout: statementTimeout === 0 ? 0 : statementTimeout + graceOfServer,
		application_name: "selfsame",
		options,
		pipeline,
		keepAlive: true,
		keepAliveInitialDelayMillis: 10_000,
		types: { getTypeParser: (id, format) => (id === bigint ? parseLong : types.getTypeParser(id, format)) },
		onConnect: async (client: ClientBase) => {
			if (checksDurability) await requireDurable(client);
		},
	});
	// The statement under way is refused with the same error; without a listener it would end the process too.
	pool.on("connect", (client: PoolClient) => client.on("error", () => {}));
	pool.on("error", () => {});
	return pool;
}

/** The same for work that may take as long as it likes: migrations, corrections, deletions. One at a time. */
export function patient(url: PostgresUrl): PostgresUrl {
	return { ...url, poolSize: 1, statementTimeout: 0 };
}

/** Numbers are below 2^53 by construction; one that is not would be another number in JavaScript. */
function parseLong(text: string): number {
	const number = Number(text);
	if (Number.isSafeInteger(number)) return number;
	throw new RangeError(`The database holds the number ${text}, which is beyond 2^53.`);
}

/** Whether a commit is on disk before it is answered, as far as the server's settings tell. */
export async function readDurability(client: ClientBase): Promise<{ isDurable: boolean; settings: string }> {
	const names = ["fsync", "full_page_writes", "synchronous_commit"];
	const columns = names.map((name) => `current_setting('${name}', true) AS ${name}`);
	const { rows } = await client.query(`SELECT ${columns.join(", ")}`);
	const settings = Object.entries(rows[0] as Record<string, string | null>);
	return {
		isDurable: settings.every(([, value]) => value !== "off"),
		settings: settings.map(([name, value]) => `${name} is ${value}`).join(", "),
	};
}

/** Refuses to go on without what "200 means on disk" stands on. */
async function requireDurable(client: ClientBase): Promise<void> {
	const { isDurable, settings } = await readDurability(client);
	if (isDurable) return;
	throw new StorageUnavailableError(
		`PostgreSQL is not set to keep what it commits: ${settings}, and none of them may be off. ` +
			"Set them on, or for a server whose data may be lost add durability=unchecked to DATABASE_URL.",
	);
}
