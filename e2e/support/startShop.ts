import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { builtEntry } from "./builtEntry.ts";
import { freePort } from "./freePort.ts";
import { createProfileApi, type ProfileApi } from "./profileApi.ts";
import { startProcess } from "./startProcess.ts";

/** The collector with the demo shop, as `npm start` runs them. */
export interface RunningShop {
	/** Of both; the shop is at `/demo`. */
	url: string;
	/** Public: it stands in the pages. */
	webWriteKey: string;
	/** Opens the profile API; must never reach a page. */
	secretKey: string;
	profiles: ProfileApi;
	output(): string;
	close(): Promise<void>;
}

export async function startShop(): Promise<RunningShop> {
	const directory = await mkdtemp(join(tmpdir(), "selfsame-shop-"));
	const keysFile = join(directory, "dev-keys.json");
	const keys = {
		webWriteKey: "wk_web_0123456789abcdefghijklmnop",
		serverWriteKey: "wk_server_0123456789abcdefghijklmnop",
		apiKey: "sk_shop_0123456789abcdefghijklmnop",
	};
	await writeFile(keysFile, JSON.stringify(keys), { mode: 0o600 });
	const port = await freePort();
	const url = `http://127.0.0.1:${port}`;
	const running = await startProcess({
		args: [builtEntry("apps/demo/dist/dev.js")],
		cwd: directory,
		url,
		env: {
			HOST: "127.0.0.1",
			PORT: String(port),
			DATABASE_URL: `file:${join(directory, "selfsame.db")}`,
			SELFSAME_DEV_KEYS: keysFile,
		},
	});
	return {
		url,
		webWriteKey: keys.webWriteKey,
		secretKey: keys.apiKey,
		profiles: createProfileApi(url, keys.apiKey),
		output: running.output,
		close: async () => {
			await running.kill();
			await rm(directory, { recursive: true, force: true });
		},
	};
}
