import type { IdentityConfig } from "@selfsame/identity";
import type { AcceptedEvent, Identifier } from "@selfsame/protocol";
import type { MadeCorrection, Rules } from "./rules.ts";

/** All that the rule depends on. */
export interface ReplayInput {
	events: readonly AcceptedEvent[];
	corrections: readonly MadeCorrection[];
	/** An identifier with its generation: that of a stored event, or that of an instant. */
	keyAt(identifier: Identifier, moment: AcceptedEvent | number): string;
	config: IdentityConfig;
	rules: Rules;
}
