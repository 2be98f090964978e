import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { Client } from "pg";
import { from as copyFrom } from "pg-copy-streams";

/**
 * The ceiling of ingest into PostgreSQL, in a process of its own as the servers are: `COPY` into a table with the columns
 * and indexes of `events`, and the payload. Started with the server's URL and the workspace's schema.
 */
type CopyCall =
	/** Texts of rows, each to be one commit; answers with the seconds that they took. */
	| { do: "copy"; commits: string[] }
	/** Answers with how many events the workspace holds. */
	| { do: "count" }
	/** Drops the workspace. */
	| { do: "drop" };

const [url = "", schema = ""] = process.argv.slice(2);
const client = new Client({ connectionString: url });
await client.connect();
await client.query(`CREATE TABLE ${schema}.bench_copy (LIKE ${schema}.events INCLUDING ALL)`);
await client.query(`ALTER TABLE ${schema}.bench_copy ADD body text`);

async function answer(call: CopyCall): Promise<number> {
	if (call.do === "count") {
		return Number((await client.query(`SELECT count(*) AS count FROM ${schema}.events`)).rows[0].count);
	}
	if (call.do === "drop") {
		await client.query(`DROP SCHEMA ${schema} CASCADE`);
		await client.end();
		return 0;
	}
	const start = performance.now();
	for (const text of call.commits) {
		await pipeline(Readable.from([text]), client.query(copyFrom(`COPY ${schema}.bench_copy FROM STDIN`)));
	}
	return (performance.now() - start) / 1_000;
}

process.on("message", async (call: CopyCall) => {
	process.send?.(await answer(call));
	if (call.do === "drop") process.disconnect();
});
