import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { Load, LoadReport } from "./load.ts";

/** Starts a file of this folder as a process of its own, so that what it does does not slow the one that measures. */
export const startChild = (file: string, args: string[] = []): ChildProcess =>
	fork(fileURLToPath(new URL(file, import.meta.url)), args, { execArgv: ["--conditions=@selfsame/source"] });

/** What a process reports next. @throws what it says went wrong. */
export async function reportOf<T>(child: ChildProcess): Promise<T> {
	const { report, error } = (await new Promise((resolve) => child.once("message", resolve))) as {
		report?: T;
		error?: string;
	};
	if (report === undefined) throw new Error(error);
	return report;
}

/** Has a process that runs `load.ts` put a load on a server. */
export function putLoad(
	loader: ChildProcess,
	load: Omit<Load, "authorization">,
	writeKey: string,
): Promise<LoadReport> {
	const authorization = `Basic ${Buffer.from(`${writeKey}:`).toString("base64")}`;
	loader.send({ ...load, authorization } satisfies Load);
	return reportOf(loader);
}
