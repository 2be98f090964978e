import { InvalidArgumentError } from "commander";

/** A name for people. It stands in tables, in logs, and beside corrections for ever. */
export function readName(text: string): string {
	const name = text.trim();
	if (/^[^\p{C}]{1,64}$/u.test(name)) return name;
	throw new InvalidArgumentError("A name has 1 to 64 characters, and no line breaks among them.");
}
