export type { AnyEvents, Delivery } from "../core/index.ts";
export { DeliveryError } from "../server/delivery.ts";
export type { IdentityClaims } from "../server/identityClaims.ts";
export type { ImportOptions, ImportResult, PastEvent } from "../server/importEvents.ts";
export type * from "../server/types.ts";
export type { RequestLike, VisitorIdentity } from "../server/visitor.ts";
export { createClient, type EdgeClientOptions, type Scopes } from "./createClient.ts";
export { signIdentity } from "./signIdentity.ts";
