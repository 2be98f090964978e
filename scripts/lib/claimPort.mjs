import { createServer } from "node:net";
import { PlainError } from "./plainError.mjs";

/**
 * Says early, before minutes of building, that an address cannot be listened on. Port 0 (any free one) always can.
 *
 * @param {string} host
 * @param {string} port as it stands in the environment
 * @throws {PlainError} with what to do instead
 */
export async function claimPort(host, port) {
	const number = Number(port);
	if (!/^\d{1,5}$/.test(port) || number > 65_535) {
		throw new PlainError(
			`PORT is "${port}", which is no port.`,
			"Give a number from 0 to 65535, for example PORT=4601 npm start.",
		);
	}
	const server = createServer();
	try {
		await new Promise((resolve, reject) => {
			server.once("error", reject);
			server.listen({ host, port: number, exclusive: true }, () => resolve(undefined));
		});
	} catch (error) {
		throw explain(/** @type {NodeJS.ErrnoException} */ (error), host, number);
	}
	await new Promise((resolve) => server.close(resolve));
}

/**
 * @param {NodeJS.ErrnoException} error
 * @param {string} host
 * @param {number} port
 */
function explain(error, host, port) {
	switch (error.code) {
		case "EADDRINUSE":
			return new PlainError(
				`Port ${port} is taken: something (perhaps another \`npm start\`) listens on it already.`,
				`Stop that, or choose another port: PORT=${port < 65_535 ? port + 1 : 4601} npm start`,
			);
		case "EACCES":
			return new PlainError(
				`Port ${port} may not be used by this account.`,
				"Choose one from 1024 up: PORT=4601 npm start",
			);
		case "EADDRNOTAVAIL":
		case "ENOTFOUND":
			return new PlainError(
				`HOST is "${host}", which is no address of this machine.`,
				"Try HOST=127.0.0.1, or HOST=0.0.0.0 for all.",
			);
		default:
			return new PlainError(`Cannot listen on ${host}:${port}: ${error.message}`);
	}
}
