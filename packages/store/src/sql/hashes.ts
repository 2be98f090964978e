import type { Identifier } from "@selfsame/protocol";
import { parse, v5 } from "uuid";

/** The name space of profile ids; never changes, or every profile would get another id. */
const profileNamespace = parse("6f2d6c1e-8d0b-5c57-9f0e-1f6a5e1f5e11");

/** UTF-8. As bytes, since the library takes a detour over percent-encoding for strings. */
const nameOf = ({ type, value }: Identifier) => Buffer.from(`${type}\n${value}`);

/** The id of a profile whose earliest identifier of its best type this is. A pure function of type and value. */
export function profileIdOf(identifier: Identifier): string {
	return `pro_${v5(nameOf(identifier), profileNamespace)}`;
}

/** The same as the database holds it: the bytes of the uuid. */
export function identifierKey(identifier: Identifier): Buffer {
	return v5(nameOf(identifier), profileNamespace, Buffer.alloc(16));
}
