// Loaded by `--require` into the built server and each of its threads: a thread whose role stands in the file dies.
const { isMainThread, workerData } = require("node:worker_threads");
const { readFileSync, writeFileSync } = require("node:fs");

const file = process.env.KILL_THREAD_FILE;
if (!isMainThread && file && workerData?.role) {
	setInterval(() => {
		if (readFileSync(file, "utf8") !== workerData.role) return;
		writeFileSync(file, "");
		throw new Error("the thread fell over");
	}, 20).unref();
}
