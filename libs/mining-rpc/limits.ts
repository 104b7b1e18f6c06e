/** Largest request. A block as miners submit it is below 1 KiB of hex. */
export const MAX_BODY_BYTES = 64 * 1024;

/** Most calls in one batch. */
export const MAX_BATCH = 50;

/** Most long polls held at once; more are answered at once. */
export const MAX_LONG_POLLS = 512;

/** How long a long poll is held: by then the time in the template is worth renewing. */
export const LONG_POLL_MS = 60_000;
