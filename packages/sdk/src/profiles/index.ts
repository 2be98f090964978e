export type { CallOptions, ConnectionOptions } from "./createConnection.ts";
export type { Listing, PageOf } from "./createListing.ts";
export {
	type AsOf,
	createProfiles,
	type Dataset,
	type ExportFormat,
	type Instant,
	type Profiles,
	type SearchOptions,
	type StreamMessage,
	type WriteOptions,
} from "./createProfiles.ts";
export type {
	DeletionReceipt,
	Filter,
	FilterExplanation,
	Group,
	Identifier,
	Identity,
	LiveMessage,
	Page,
	Profile,
	RejectedEvent,
	ReplayAnswer,
	Stats,
	StoredEvent,
	TraitWrite,
	UnlinkRequest,
} from "./generated.ts";
export { ProfilesError } from "./profilesError.ts";
