import { hexOf } from '../primitives.js';

/** Ids as JSON carries them: lower-case hex. */
export const blockId = hexOf(32, 'block id');
export const txId = hexOf(32, 'transaction id');
export const contractId = hexOf(32, 'contract id');
export const accountId = hexOf(20, 'account id');
export const fragmentId = hexOf(32, 'fragment id');
export const publicKey = hexOf(32, 'public key');
