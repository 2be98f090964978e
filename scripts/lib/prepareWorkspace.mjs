import { existsSync, readdirSync } from "node:fs";
import path from "node:path";
import process from "node:process";
import { explainDownload } from "./findToolchain.mjs";
import { hashFiles, recall, remember, root } from "./repository.mjs";
import { runChild } from "./runChild.mjs";

const stamp = "installed.json";

/** Installs what the lockfile names, unless the last install was of the very same lockfile and manifests. */
export async function prepareWorkspace() {
	const manifests = roomFolders().map((room) => path.posix.join(room, "package.json"));
	const wanted = hashFiles(["package.json", "pnpm-lock.yaml", "pnpm-workspace.yaml", ...manifests]);
	if (recall(stamp)?.hash === wanted && existsSync(path.join(root, "node_modules", ".modules.yaml"))) return;

	console.log("Installing packages from the lockfile ...");
	let output = "";
	const { code, signal } = await runChild("pnpm", ["install", "--frozen-lockfile", "--reporter=append-only"], {
		cwd: root,
		shell: process.platform === "win32",
		// CI: pnpm must never wait for an answer, for example before it replaces a node_modules of another version.
		env: { ...process.env, CI: "true" },
		onOutput: (text) => {
			output += text;
			process.stdout.write(text);
		},
	});
	if (code !== 0) throw explainDownload(`The packages could not be installed${signal ? ` (${signal})` : ""}`, output);
	remember(stamp, { hash: wanted });
}

/** The folders of the workspace that hold a package, relative to the root. */
function roomFolders() {
	const parents = ["packages", "apps"];
	const rooms = parents.flatMap((parent) =>
		existsSync(path.join(root, parent)) ? readdirSync(path.join(root, parent)).map((name) => `${parent}/${name}`) : [],
	);
	return [...rooms, "e2e"].filter((room) => existsSync(path.join(root, room, "package.json"))).sort();
}
