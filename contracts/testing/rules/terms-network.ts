import { EASY } from '../../../chain/testing/rules/index.js';

/** The easy devnet with bounds of terms that a short list reaches. */
export const TERMS = {
  base: 'devnet',
  changes: { ...(EASY.changes as object), contract: { minEpochs: 2, maxEpochs: 5, maxLeaves: 4 } },
} as const;
