import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { fileURLToPath } from "node:url";

/** A page on an origin of its own, with one script from an installed package. */
export interface ClientPage {
	url: string;
	close(): Promise<void>;
}

export interface ClientPageOptions {
	/** A file of a package as npm installed it, such as `@segment/analytics-next/dist/umd/standalone.js`. */
	script: string;
	/** The script is an ES module; its exports become `window.clientModule`. */
	module?: boolean;
}

/** Serves the page at every path, so that a client sees ordinary addresses. */
export async function serveClientPage({ script, module = false }: ClientPageOptions): Promise<ClientPage> {
	const source = await readFile(fileURLToPath(new URL(`../node_modules/${script}`, import.meta.url)));
	const tag = module
		? `<script type="module">import * as client from "/client.js"; window.clientModule = client;</script>`
		: `<script src="/client.js"></script>`;
	const html = `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Client page</title>${tag}</head><body>A page of somebody else's shop</body></html>`;
	const server = createServer((request, response) => {
		const isScript = request.url === "/client.js";
		response.setHeader("content-type", isScript ? "text/javascript; charset=utf-8" : "text/html; charset=utf-8");
		response.end(isScript ? source : html);
	});
	server.listen(0, "127.0.0.1");
	await once(server, "listening");
	const address = server.address();
	if (typeof address !== "object" || !address) throw new Error("A listening server has a port.");
	return {
		url: `http://127.0.0.1:${address.port}`,
		close: async () => {
			server.closeAllConnections();
			server.close();
			await once(server, "close");
		},
	};
}
