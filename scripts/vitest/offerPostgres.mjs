import { once } from "node:events";
import { createServer } from "node:http";
import process from "node:process";
import { startPostgres } from "../postgres.mjs";

/**
 * Vitest's global setup: one PostgreSQL for all tests that want one, started when the first of them asks. They ask over
 * HTTP, since tests run in processes of their own, and get its URL. Given `TEST_DATABASE_URL`, or a `DATABASE_URL` of
 * PostgreSQL, they use that server and nobody asks.
 */
export default async function offerPostgres() {
	/** @type {ReturnType<typeof startPostgres> | undefined} */
	let server;
	const desk = createServer(async (_, response) => {
		try {
			server ??= startPostgres({ isDurable: false });
			response.end((await server).url);
		} catch (error) {
			response.writeHead(500).end(/** @type {Error} */ (error).message);
		}
	});
	desk.listen(0, "127.0.0.1");
	await once(desk, "listening");
	const { port } = /** @type {import("node:net").AddressInfo} */ (desk.address());
	process.env.SELFSAME_TEST_POSTGRES = `http://127.0.0.1:${port}`;
	return async () => {
		desk.close();
		desk.closeAllConnections();
		await (await server?.catch(() => undefined))?.stop();
	};
}
