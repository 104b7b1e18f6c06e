/** 16 random bytes of a pack in lower-case hex: what stays the same when its contracts change. */
export type PackId = string & { readonly __brand: 'PackId' };

/** Bytes of a pack's id. */
export const PACK_ID_BYTES = 16;
