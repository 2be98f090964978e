import { builtEntry } from "../support/builtEntry.ts";

/** As much of a client as these tests use: the build is loaded by its path, so its types are not at hand before it. */
export interface BuiltClient {
	track(call: object): Promise<{ status: string; reason?: string }>;
	identify(call: object): Promise<{ status: string }>;
	page(call: object): Promise<{ status: string }>;
	fromRequest(request: object): { run<T>(fn: () => T): T };
	flush(): Promise<{ pending: number }>;
	close(): Promise<{ pending: number }>;
}

/** Makes a client with the built entry of a runtime. */
export async function createBuiltClient(
	runtime: "node" | "edge",
	options: { host: string; writeKey: string },
): Promise<BuiltClient> {
	const module = (await import(builtEntry(`packages/sdk/dist/${runtime}/index.js`))) as {
		createClient(options: object): BuiltClient;
	};
	return module.createClient(options);
}

/** The built proof of identity. */
export async function signBuilt(claims: object): Promise<string> {
	const module = (await import(builtEntry("packages/sdk/dist/node/index.js"))) as {
		signIdentity(claims: object): string;
	};
	return module.signIdentity(claims);
}
