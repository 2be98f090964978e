export interface RunningPostgres {
	/** As its superuser. */
	url: string;
	/** Asks on a connection of its own. */
	query(sql: string): Promise<Record<string, unknown>[]>;
	/** Runs statements in a transaction that stays open until what this answers with is called. */
	hold(sql: string): Promise<() => Promise<void>>;
	/** Starts it again on the same data and port, after `crash` or `shutDown`. */
	start(): Promise<void>;
	/** Ends it in order, cutting its connections, with its data kept. */
	shutDown(): Promise<void>;
	/** `kill -9` of the server. */
	crash(): Promise<void>;
	/** Ends it for good. */
	stop(): Promise<void>;
}

/** Starts a PostgreSQL of one's own, which is gone with the process that started it, however that ends. */
export function startPostgres(options: {
	/** Whether a commit waits for the disk. */
	isDurable: boolean;
	/** Further settings of the server. */
	settings?: Record<string, string>;
}): Promise<RunningPostgres>;
