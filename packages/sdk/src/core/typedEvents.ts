import type { Data } from "./wireEvent.ts";

/** The event map of a client that was given none: every name, any properties. */
export type AnyEvents = Record<string, Data | undefined>;

/** The names an event map knows. */
export type EventName<Events extends object> = keyof Events & string;

/** Whether the properties may be left out: the map says `undefined` or `{}`, or all of its fields are optional. */
type MayOmit<P> = undefined extends P ? true : object extends P ? true : false;

/** The properties of an event as one field of a parameter object: `{ properties: P }`, optional where `P` may be left out. */
export type PropertiesField<P> = MayOmit<P> extends true ? { properties?: P } : { properties: P };

/** The arguments after an event's name, analytics.js order: properties (optional where they may be left out), then `Rest`. */
export type PropertiesArgs<P, Rest extends unknown[]> =
	MayOmit<P> extends true ? [properties?: P | null, ...rest: Rest] : [properties: P, ...rest: Rest];
