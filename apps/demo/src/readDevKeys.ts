import { readFileSync } from "node:fs";

/** The keys of a development workspace. */
export interface DevKeys {
	/** Of the source `web`: public, it stands in the shop's pages. */
	webWriteKey: string;
	/** Of the source `server`, which is believed. */
	serverWriteKey: string;
	/** Opens the profile API. */
	apiKey: string;
}

/** Reads the keys from a JSON file. @throws an Error that says which key is missing where. */
export function readDevKeys(file: string | undefined): DevKeys {
	if (!file) throw new Error("SELFSAME_DEV_KEYS must name the JSON file with the keys. `npm start` makes one.");
	const keys = parseObject(file);
	for (const name of ["webWriteKey", "serverWriteKey", "apiKey"]) {
		const key = keys[name];
		if (typeof key !== "string" || !key)
			throw new Error(`${file} holds no "${name}". Remove it and run \`npm start\`.`);
	}
	return keys as unknown as DevKeys;
}

function parseObject(file: string): Record<string, unknown> {
	const text = readFileSync(file, "utf8");
	try {
		const value: unknown = JSON.parse(text);
		if (typeof value === "object" && value !== null) return value as Record<string, unknown>;
	} catch {
		// The same remedy as for any other text that is no object of keys.
	}
	throw new Error(`${file} is no JSON object of keys. Remove it and run \`npm start\`.`);
}
