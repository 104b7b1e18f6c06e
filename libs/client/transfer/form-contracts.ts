import { setTimeout as delay } from 'node:timers/promises';
import type { ContractId } from '#chain';
import { AppError } from '#errors';
import type { CallOptions, ClientContext } from '../context.js';
import { contractNow } from '../providers/provider-directory.js';
import { isRefusal, refusedRule } from '../refusal.js';
import type { Submitted } from '../wallet/wallet.js';
import type { SignedAgreement } from './upload-slot.js';

/** Blocks, and time, within which what was handed in by another process is on chain. */
const APPEARS_WITHIN_BLOCKS = 3;
const APPEARS_WITHIN_MS = 30_000;
const POLL_MS = 200;
const OVER: ReadonlySet<unknown> = new Set(['end/no-contract', 'end/not-active', 'end/already-ending']);

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

/** What came of asking contracts to end. */
export interface Ending {
  /** Asked to end, with the transaction that asks. */
  readonly ending: readonly { readonly contract: string; readonly tx: Submitted }[];
  /** They go on, for all that is known. */
  readonly failed: readonly NotEnded[];
}

/** A contract that could not be asked to end, and why. */
export interface NotEnded {
  readonly contract: string;
  readonly error: AppError;
}

/**
 * Ends contracts early, or what they were renewed or replaced by; what is left of their escrow returns at settlement.
 * Contracts that are over are passed by. One that fails keeps none of the others back; see `assertEnded`.
 */
export async function endContracts(context: ClientContext, contracts: readonly string[]): Promise<Ending> {
  const ending: { contract: string; tx: Submitted }[] = [];
  const failed: NotEnded[] = [];
  const asked = new Set<string>();
  for (const made of contracts) {
    try {
      const contract = (await contractNow(context.ledger, made))?.id ?? made;
      if (asked.has(contract)) continue;
      asked.add(contract);
      ending.push({ contract, tx: await context.wallet.submit('end', { contract }) });
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      if (!isOver(error)) failed.push({ contract: made, error });
    }
  }
  return { ending, failed };
}

/** @throws AppError `contract/not-ended` that names every contract which was not ended */
export function assertEnded(failed: readonly NotEnded[]): void {
  const [first] = failed;
  if (first === undefined) return;
  const contracts = failed.map(({ contract }) => contract);
  const reasons = [...new Set(failed.map(({ error }) => error.message))].slice(0, 3).join(' ');
  throw new AppError({
    code: 'contract/not-ended',
    message: `Not ended, and still paid for: contract${contracts.length === 1 ? '' : 's'} ${contracts.join(', ')}. ${reasons}`,
    next: 'Name them to `cairn contracts end`, or use its --unused, once the reason is gone. The others were ended.',
    data: { contracts },
    cause: first.error,
  });
}

/** Ends contracts after something else failed: that failure is the one to report, not that the node is gone, too. */
export async function abandonContracts(context: ClientContext, contracts: readonly string[]): Promise<void> {
  await endContracts(context, contracts);
}

/** Whether a refusal to end a contract says that it ends anyway, or never was. */
function isOver(error: AppError): boolean {
  return OVER.has(refusedRule(error));
}
