import { z } from "zod";
import type { Filter } from "../../filter.ts";
import { cleanDeep } from "../cleanText.ts";
import { filterGrammar, jsonGrammar, predicateGrammar } from "./filterGrammar.ts";
import { findFilterFaults } from "./findFilterFaults.ts";

/**
 * Checks a filter as it came over the wire. Each issue has the path of the condition that is at fault and says what
 * belongs there. Texts are cleaned as those of events are (NUL and lone surrogates become U+FFFD), so that what was sent
 * is found by what was sent.
 */
export const filterSchema: z.ZodType<Filter> = z.preprocess((value, context) => {
	const faults = findFilterFaults(value);
	for (const { path, message } of faults) context.addIssue({ code: "custom", path, message });
	return faults.length > 0 ? z.NEVER : cleanDeep(value);
}, filterGrammar) as unknown as z.ZodType<Filter>;

/** The JSON Schema (2020-12) of filters. What it cannot say: how deep they may nest, and what they may cost. */
export const filterJsonSchema = () => z.toJSONSchema(filterGrammar, { io: "input" });

/** The schemas that refer to one another, by the names that a description of an API gives them. */
export const filterComponents: Readonly<Record<string, z.ZodType>> = {
	Filter: filterGrammar,
	FilterPredicate: predicateGrammar,
	Json: jsonGrammar,
};
