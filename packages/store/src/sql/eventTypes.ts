/** What `events.type` counts. */
export const eventTypes = ["track", "identify", "page", "screen", "group", "alias"] as const;
