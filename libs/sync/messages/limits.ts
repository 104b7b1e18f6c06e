/** Headers in one answer. */
export const MAX_HEADERS = 2_000;
/** Ids in a locator. */
export const MAX_LOCATOR = 64;
/** Blocks asked for at once. */
export const MAX_BLOCKS = 128;
/** An answer with blocks ends after the block that makes it longer than this. */
export const BLOCKS_ANSWER_BYTES = 2 * 1024 * 1024;
/** Largest block any network allows, with room: what a decoder takes before the network's own limit is checked. */
export const MAX_BLOCK_BYTES = 4_000_000;
/** Transactions of one block, as in the block's own format. */
export const MAX_BLOCK_TRANSACTIONS = 100_000;
/** Largest transaction any network allows. */
export const MAX_TRANSACTION_BYTES = 1_000_000;
/** Ids in one announcement of transactions, and transactions asked for at once. */
export const MAX_TRANSACTION_IDS = 1_000;
/** An answer with transactions ends after the one that makes it longer than this. */
export const TRANSACTIONS_ANSWER_BYTES = 1024 * 1024;
/** Ids in an answer about what waits. */
export const MAX_WAITING_IDS = 10_000;
/** Room for counts and lengths around the content of an answer. */
export const ENVELOPE_BYTES = 512 * 1024;
