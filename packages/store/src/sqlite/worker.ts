import { parentPort, workerData } from "node:worker_threads";
import type { IdentityConfig } from "@selfsame/identity";
import { createCheckpointer } from "./checkpointer.ts";
import { createFeedReader } from "./feedReader.ts";
import { createReader } from "./reader.ts";
import { createSearcher } from "./search/createSearcher.ts";
import { createWriter } from "./writer.ts";

/** What a worker is started with. */
export interface WorkerStart {
	role: "writer" | "checkpointer" | "reader" | "searcher" | "follower";
	file: string;
	identity: IdentityConfig;
	/** Of a searcher: one Int32, set to make it drop what it is at. A message would wait until that is done. */
	stop?: SharedArrayBuffer;
}

export interface WorkerCall {
	call: number;
	method: string;
	args: unknown[];
}

export type WorkerAnswer =
	| { call: number; result: unknown }
	| { call: number; error: { name: string; message: string; code?: string } };

const port = parentPort;
if (port) {
	const { role, file, identity, ...options } = workerData as WorkerStart;
	const describe = (error: unknown) => {
		const { name, message, code } = error as Error & { code?: string };
		return code === undefined ? { name, message } : { name, message, code };
	};
	const answer = (message: WorkerAnswer) => port.postMessage(message);
	try {
		const create = {
			writer: createWriter,
			checkpointer: createCheckpointer,
			reader: createReader,
			searcher: createSearcher,
			follower: createFeedReader,
		}[role];
		const methods = create(file, identity, options) as unknown as Record<string, (...args: unknown[]) => unknown>;
		/** A misspelt write must not pass for one that is on disk. */
		const find = (method: string) => {
			if (method === "ping") return () => null;
			const found = Object.hasOwn(methods, method) ? methods[method] : undefined;
			if (!found) throw new Error(`The ${role} has no method ${method}.`);
			return found;
		};
		port.on("message", async ({ call, method, args }: WorkerCall) => {
			try {
				answer({ call, result: await find(method)(...args) });
			} catch (error) {
				answer({ call, error: describe(error) });
			}
			if (method === "close") port.close();
		});
		answer({ call: 0, result: null });
	} catch (error) {
		answer({ call: 0, error: describe(error) });
		port.close();
	}
}
