import { defaultIdentityConfig } from "@selfsame/identity";
import { describe, expect, it } from "vitest";
import { StorageUnavailableError } from "../src/port.ts";
import { lazyWorker } from "../src/sqlite/lazyWorker.ts";
import { type StartedWorker, startWorker } from "../src/sqlite/workerClient.ts";
import { makeDatabase } from "./makeDatabase.ts";

describe("a thread of the store", () => {
	it("that dies fails the calls under way as storage that is away, and is started again by the next", async () => {
		const started: { die(): void }[] = [];
		const worker = lazyWorker(async () => {
			let tell = (_: Error) => {};
			const refused: ((error: Error) => void)[] = [];
			const one: StartedWorker = {
				call: (method) =>
					method === "hang"
						? new Promise((_, reject) => refused.push(reject))
						: Promise.resolve(started.length as never),
				onDeath: (given) => {
					tell = given;
				},
				close: async () => {},
			};
			started.push({
				die() {
					const error = new StorageUnavailableError("It ended.");
					for (const refuse of refused) refuse(error);
					tell(error);
				},
			});
			return one;
		});
		expect(worker.isRunning).toBe(false);
		expect(await worker.call("ping")).toBe(1);
		const hanging = worker.call("hang");
		await Promise.resolve();
		setTimeout(() => started[0]?.die());
		await expect(hanging).rejects.toThrow(StorageUnavailableError);
		expect(worker.isRunning).toBe(false);
		expect(await worker.call("ping")).toBe(2);
		await worker.close();
		await expect(worker.call("ping")).rejects.toThrow("The store is closed.");
	});

	it("that dies again and again ends the process with what it died of", async () => {
		const ended: string[] = [];
		let die = (_: Error) => {};
		const start = async (): Promise<StartedWorker> => ({
			call: async () => null as never,
			onDeath(tell) {
				die = tell;
			},
			close: async () => {},
		});
		const worker = lazyWorker(start, (error) => ended.push(error.message));
		for (let times = 1; times <= 5; times++) {
			await worker.call("ping");
			die(new Error(`death ${times}`));
		}
		expect(ended).toEqual(["death 5"]);
	});

	it("knows its methods: a misspelt write is no success", async () => {
		const { url, drop } = await makeDatabase("sqlite");
		const file = url.slice("file:".length);
		const worker = await startWorker({ role: "writer", file, identity: defaultIdentityConfig });
		await expect(worker.call("ingset", [])).rejects.toThrow("The writer has no method ingset");
		await expect(worker.call("toString")).rejects.toThrow("has no method");
		expect(await worker.call("ping")).toBeNull();
		await worker.close();
		await drop();
	});
});
