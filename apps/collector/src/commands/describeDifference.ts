import type { Profile } from "@selfsame/protocol";
import type { Difference } from "@selfsame/store";

/** Names the fields and not their values: a report may be passed on, what people are called may not. */
export function describeDifference({ id, stored, rebuilt }: Difference): string {
	if (!stored) return `${id}: missing, though its events are there`;
	if (!rebuilt) return `${id}: stored, though no events make it`;
	const fields = (Object.keys({ ...stored, ...rebuilt }) as (keyof Profile)[]).filter(
		(field) => JSON.stringify(stored[field]) !== JSON.stringify(rebuilt[field]),
	);
	return `${id}: differs in ${fields.join(", ")}`;
}
