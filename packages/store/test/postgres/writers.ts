import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { IdentityConfig } from "@selfsame/identity";
import type { WriterAnswer, WriterCall } from "./writerChild.ts";

/** Several processes that write to the same stores. */
export interface Writers {
	/** Calls a store's method in one of the processes. Rejects with what the process says went wrong. */
	call<T>(process: number, store: number, method: WriterCall["method"], ...args: unknown[]): Promise<T>;
	stop(): Promise<void>;
}

export async function startWriters(
	count: number,
	stores: { url: string; identity: IdentityConfig }[],
): Promise<Writers> {
	const child = fileURLToPath(new URL("./writerChild.ts", import.meta.url));
	const waiting = new Map<number, { resolve(value: unknown): void; reject(error: Error): void }>();
	let lastCall = 0;
	const receive = (answer: WriterAnswer) => {
		const caller = waiting.get(answer.call);
		waiting.delete(answer.call);
		if ("error" in answer) caller?.reject(new Error(answer.error));
		else caller?.resolve(answer.result);
	};
	const start = async (): Promise<ChildProcess> => {
		const execArgv = ["--conditions=@selfsame/source"];
		const writer = fork(child, [JSON.stringify(stores)], { execArgv, serialization: "advanced" });
		writer.on("message", receive);
		await Promise.race([
			once(writer, "message"),
			once(writer, "exit").then(() => Promise.reject(new Error("A writer did not start."))),
		]);
		return writer;
	};
	const writers = await Promise.all(Array.from({ length: count }, start));
	return {
		call: <T>(process: number, store: number, method: WriterCall["method"], ...args: unknown[]) =>
			new Promise<T>((resolve, reject) => {
				lastCall += 1;
				waiting.set(lastCall, { resolve: resolve as (value: unknown) => void, reject });
				writers[process % count]?.send({ call: lastCall, store, method, args } satisfies WriterCall);
			}),
		async stop() {
			await Promise.all(
				writers.map(async (writer) => {
					const exited = once(writer, "exit");
					writer.disconnect();
					await exited;
				}),
			);
		},
	};
}
