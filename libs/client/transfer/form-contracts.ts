import { setTimeout as delay } from 'node:timers/promises';
import type { ContractId } from '#chain';
import { AppError } from '#errors';
import type { CallOptions, ClientContext } from '../context.js';
import { contractNow } from '../providers/provider-directory.js';
import type { Submitted } from '../wallet/wallet.js';
import type { SignedAgreement } from './upload-slot.js';

/** Blocks, and time, within which what was handed in by another process is on chain. */
const APPEARS_WITHIN_BLOCKS = 3;
const APPEARS_WITHIN_MS = 30_000;
const POLL_MS = 200;

/**
 * Puts agreements on chain and waits until they are in a block. Answers the contracts that exist now. What a node
 * refuses (an offer that just expired, a provider whose collateral is gone) is left out; the caller decides whether
 * the rest is enough. If it fails or is interrupted, what was formed is ended again.
 */
export async function formContracts(
  context: ClientContext,
  agreements: readonly SignedAgreement[],
  options: CallOptions = {},
): Promise<{ formed: ReadonlySet<string>; refused: readonly AppError[] }> {
  const submitted: { contract: ContractId; tx: Submitted }[] = [];
  const refused: AppError[] = [];
  const formed = new Set<string>();
  try {
    for (const { contract, agreement, fragments, providerSignature } of agreements) {
      options.signal?.throwIfAborted();
      try {
        const tx = await context.wallet.submit('form', { agreement, fragments, providerSignature });
        submitted.push({ contract, tx });
      } catch (error) {
        if (!isRefusal(error)) throw error;
        refused.push(error);
      }
    }
    for (const { contract, tx } of submitted) {
      try {
        await context.wallet.confirm(tx, { signal: options.signal });
        formed.add(contract);
        await context.journal.close(contract);
      } catch (error) {
        // A reorganisation dropped it and the node does not take it a second time.
        if (!isRefusal(error)) throw error;
        refused.push(error);
      }
      options.onProgress?.({ stage: 'forming', done: formed.size, total: agreements.length });
    }
  } catch (error) {
    await abandonContracts(
      context,
      submitted.map(({ contract }) => contract),
    );
    throw error;
  }
  return { formed, refused };
}

/** Whether a contract that may be on its way to a block gets there within a few. */
export async function appearsOnChain(
  { ledger }: Pick<ClientContext, 'ledger'>,
  contract: ContractId,
  signal?: AbortSignal,
): Promise<boolean> {
  const { tip } = await ledger.status();
  const deadline = performance.now() + APPEARS_WITHIN_MS;
  for (;;) {
    if ((await ledger.contract({ id: contract })) !== null) return true;
    const { height } = (await ledger.status()).tip;
    if (height > tip.height + APPEARS_WITHIN_BLOCKS || performance.now() > deadline) return false;
    await delay(POLL_MS, undefined, { signal });
  }
}

/**
 * Ends contracts early, or what they were renewed or replaced by; what is left of their escrow returns at settlement. Contracts that are over are passed by.
 * Answers those that were asked to end, with the transaction that asks.
 */
export async function endContracts(
  context: ClientContext,
  contracts: readonly string[],
): Promise<{ contract: string; tx: Submitted }[]> {
  const submitted: { contract: string; tx: Submitted }[] = [];
  for (const made of contracts) {
    const contract = (await contractNow(context.ledger, made))?.id ?? made;
    try {
      submitted.push({ contract, tx: await context.wallet.submit('end', { contract }) });
    } catch (error) {
      if (!isRefusal(error)) throw error;
    }
  }
  return submitted;
}

/** Ends contracts after something else failed: that failure is the one to report, not that the node is gone, too. */
export async function abandonContracts(context: ClientContext, contracts: readonly string[]): Promise<void> {
  try {
    await endContracts(context, contracts);
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
  }
}

function isRefusal(error: unknown): error is AppError {
  return error instanceof AppError && error.code === 'ledger/refused';
}
