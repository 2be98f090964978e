"use client";

import { createContext, createElement, type ReactNode, useContext } from "react";
import type { AnyEvents, Client } from "../browser/index.ts";

const Context = createContext<unknown>(null);

/** Gives a client, made once outside of any component, to everything below it. */
export function SelfsameProvider({ client, children }: { client: object; children?: ReactNode }) {
	return createElement(Context.Provider, { value: client }, children);
}

/**
 * The client of the nearest provider.
 * @throws if there is none
 */
export function useAnalytics<Events extends object = AnyEvents>(): Client<Events> {
	const client = useContext(Context);
	if (!client) throw new Error("useAnalytics needs a <SelfsameProvider client={...}> above it");
	return client as Client<Events>;
}
