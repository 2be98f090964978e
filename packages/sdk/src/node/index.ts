export type { AnyEvents, Delivery } from "../core/index.ts";
export { DeliveryError } from "../server/delivery/deliveryError.ts";
export type { IdentityClaims } from "../server/identityClaims.ts";
export type * from "../server/types.ts";
export { createClient, type NodeClientOptions } from "./createClient.ts";
export type { SpoolOptions } from "./createSpool.ts";
export { signIdentity } from "./signIdentity.ts";
