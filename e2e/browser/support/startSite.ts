import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer, type IncomingMessage } from "node:http";
import { fileURLToPath } from "node:url";

const built = (name: string) => fileURLToPath(new URL(`../../../packages/sdk/dist/${name}`, import.meta.url));

export interface SiteOptions {
	/** Where events go: `data-host`. */
	host: string;
	writeKey: string;
	/** Further attributes of the script tag, such as `data-consent="pending"`. */
	attributes?: string;
	/** What stands before the script tag. */
	head?: string;
	body?: string;
	/** Response headers of pages. */
	headers?: Record<string, string>;
	/** Puts the stub inline before the script tag, and answers for the script only after some ms. */
	stub?: { delay: number };
}

/** A web site with our script tag on every page. */
export interface Site {
	/** Of a host name, such as `http://shop.localhost:1234`. */
	url(host?: string): string;
	/** Read at every request: a test may change them. */
	options: SiteOptions;
	close(): Promise<void>;
}

export async function startSite(options: SiteOptions): Promise<Site> {
	const script = await readFile(built("selfsame.js"));
	const stub = await readFile(built("stub.js"), "utf8");
	const modules: Record<string, string> = {
		"/sdk/browser": "browser/index.js",
		"/sdk/autocapture": "browser/autocapture/index.js",
	};
	const site = { options };

	function html(path: string) {
		const { host, writeKey, attributes = "", head = "", body = "", stub: early } = site.options;
		const inline = early ? `<script>${stub}</script>` : "";
		const tag = `<script async src="/selfsame.js" data-write-key="${writeKey}" data-host="${host}" ${attributes}></script>`;
		return `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Page ${path}</title><link rel="icon" href="data:,">${inline}${head}${attributes === "none" ? "" : tag}</head><body>${body || `<p>A page of a shop: ${path}</p>`}</body></html>`;
	}

	async function answer(request: IncomingMessage): Promise<[type: string, body: string | Buffer]> {
		const { pathname } = new URL(request.url ?? "/", "http://site");
		if (pathname === "/selfsame.js") {
			await new Promise((done) => setTimeout(done, site.options.stub?.delay ?? 0));
			return ["text/javascript", script];
		}
		if (pathname.startsWith("/sdk/")) {
			const file = modules[pathname] ?? (pathname.startsWith("/sdk/chunk") ? pathname.slice(5) : pathname.slice(5));
			return ["text/javascript", await readFile(built(file))];
		}
		return ["text/html; charset=utf-8", html(pathname)];
	}

	const server = createServer((request, response) => {
		answer(request).then(
			([type, body]) => response.writeHead(200, { "content-type": type, ...site.options.headers }).end(body),
			() => response.writeHead(404).end(),
		);
	});
	server.listen(0, "127.0.0.1");
	await once(server, "listening");
	const address = server.address();
	if (typeof address !== "object" || !address) throw new Error("A listening server has a port.");
	return Object.assign(site, {
		url: (host = "127.0.0.1") => `http://${host}:${address.port}`,
		close: async () => {
			server.closeAllConnections();
			server.close();
			await once(server, "close");
		},
	});
}
