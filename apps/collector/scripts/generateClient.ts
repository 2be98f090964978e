import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createCollector } from "../src/index.ts";
import { formatTypes } from "./formatTypes.ts";
import { type Described, writeTypes } from "./writeTypes.ts";

/** `pnpm generate:client`: writes the types of `selfsame/profiles` from what this collector says of its routes. */
const file = fileURLToPath(new URL("../../../packages/sdk/src/profiles/generated.ts", import.meta.url));
const directory = mkdtempSync(join(tmpdir(), "selfsame-describe-"));
const collector = await createCollector({ databaseUrl: `file:${join(directory, "selfsame.db")}` });
try {
	const answer = await collector.app.request("/openapi.json");
	writeFileSync(file, formatTypes(writeTypes((await answer.json()) as Described)));
	console.log(`Wrote ${file}`);
} finally {
	await collector.close();
	rmSync(directory, { recursive: true });
}
