import { once } from "node:events";
import { createServer } from "node:net";

/** A port on the loopback address that nothing listened on a moment ago. */
export async function freePort(): Promise<number> {
	const server = createServer().listen(0, "127.0.0.1");
	await once(server, "listening");
	const address = server.address();
	server.close();
	await once(server, "close");
	if (typeof address !== "object" || !address) throw new Error("A listening server has a port.");
	return address.port;
}
