import { AppError } from '#errors';
import type { CallOptions, ClientContext } from '../context.js';
import type { Submitted } from '../wallet/wallet.js';
import type { SignedAgreement } from './upload-slot.js';

/**
 * Puts agreements on chain and waits until they are in a block. Answers the contracts that exist now. What a node
 * refuses (an offer that just expired, a provider whose collateral is gone) is left out; the caller decides whether
 * the rest is enough.
 */
export async function formContracts(
  context: ClientContext,
  agreements: readonly SignedAgreement[],
  options: CallOptions = {},
): Promise<{ formed: ReadonlySet<string>; refused: readonly AppError[] }> {
  const submitted: { contract: string; tx: Submitted }[] = [];
  const refused: AppError[] = [];
  for (const { contract, agreement, fragments, providerSignature } of agreements) {
    try {
      const tx = await context.wallet.submit('form', { agreement, fragments, providerSignature });
      submitted.push({ contract, tx });
    } catch (error) {
      if (!(error instanceof AppError) || error.code !== 'ledger/refused') throw error;
      refused.push(error);
    }
  }
  const formed = new Set<string>();
  for (const { contract, tx } of submitted) {
    await context.wallet.confirm(tx, { signal: options.signal });
    formed.add(contract);
    options.onProgress?.({ stage: 'forming', done: formed.size, total: agreements.length });
  }
  return { formed, refused };
}

/** Ends contracts early; what is left of their escrow returns at settlement. Contracts that are over are passed by. */
export async function endContracts(
  context: ClientContext,
  contracts: readonly string[],
): Promise<Submitted[]> {
  const submitted: Submitted[] = [];
  for (const contract of contracts) {
    try {
      submitted.push(await context.wallet.submit('end', { contract }));
    } catch (error) {
      if (!(error instanceof AppError) || error.code !== 'ledger/refused') throw error;
    }
  }
  return submitted;
}
