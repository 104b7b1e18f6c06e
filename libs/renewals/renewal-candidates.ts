import type { NetworkParams } from '#chain';
import type { LedgerPort } from '#ledger';
import { formTransactionBytes, MAX_ESTIMATED_FEE_PER_BYTE, quoteContracts } from '#market';
import type { ContractView, OfferView } from '#wire';
import type { RenewalCandidate } from './renewal-policy.js';

/** A contract of the user's list, and what it keeps. */
export interface KeptContract {
  readonly contract: string;
  readonly keeps: string;
}

type CandidateLedger = Pick<LedgerPort, 'contract' | 'offer' | 'status'>;

/** Most contracts that go on one after the other; a longer chain would be a fault of the node. */
const MAX_CHAIN = 10_000;

/**
 * The contracts that keep something now (those that went on as another are followed) and will end, each with what its
 * renewal takes at most by the offer of its provider. Contracts that the client ended are left out.
 */
export async function findCandidates(
  ledger: CandidateLedger,
  params: NetworkParams,
  kept: readonly KeptContract[],
  epochs: number,
): Promise<RenewalCandidate[]> {
  const { tip, burnPerGiBEpoch } = await ledger.status();
  const burnPrice = BigInt(burnPerGiBEpoch);
  const offers = new Map<string, OfferView | null>();
  const found = new Map<string, RenewalCandidate>();
  for (const { contract: id, keeps } of kept) {
    const contract = await liveContract(ledger, id);
    if (contract === undefined || found.has(contract.id)) continue;
    let offer = offers.get(contract.provider);
    if (offer === undefined) {
      offer = await ledger.offer({ provider: contract.provider });
      offers.set(contract.provider, offer);
    }
    const why = refusalOf(offer, epochs, tip.height);
    found.set(contract.id, {
      contract: contract.id,
      keeps,
      endHeight: contract.endHeight,
      hasOpenWindow: contract.window !== null && !contract.window.proven,
      cost:
        offer === null || why !== undefined
          ? undefined
          : renewalCost(params, burnPrice, contract, offer, epochs),
      why,
    });
  }
  return [...found.values()];
}

/** What the fee of a renewal is at most: a wallet pays no more per byte, whatever a node says. */
export const RENEWAL_FEE_AT_MOST = formTransactionBytes(1, true) * MAX_ESTIMATED_FEE_PER_BYTE;

/** What renewing takes from the wallet at most, not counting what the old contract gives back. */
export function renewalCost(
  params: NetworkParams,
  burnPerGiBEpoch: bigint,
  contract: ContractView,
  offer: OfferView,
  epochs: number,
): bigint {
  const item = {
    offer,
    totalBytes: BigInt(contract.totalBytes),
    fragmentCount: 0,
    reserve: contract.repair === null ? 0n : BigInt(contract.reserve),
    readEscrow: BigInt(contract.reads),
  };
  const { totalAtMost, fees } = quoteContracts(params, { burnPerGiBEpoch }, [item], epochs);
  return totalAtMost - fees + RENEWAL_FEE_AT_MOST;
}

/** The contract that keeps what this one kept: itself, or what it went on as; undefined where nothing does any more. */
async function liveContract(ledger: CandidateLedger, id: string): Promise<ContractView | undefined> {
  let contract = await ledger.contract({ id });
  for (let steps = 0; steps < MAX_CHAIN && contract !== null && contract.successor !== null; steps++) {
    contract = await ledger.contract({ id: contract.successor });
  }
  return contract !== null && contract.status === 'active' && contract.endEpoch === contract.epochs
    ? contract
    : undefined;
}

function refusalOf(offer: OfferView | null, epochs: number, height: number): string | undefined {
  if (offer === null || offer.capacityBytes === '0') return 'its provider withdrew its offer';
  if (offer.expiresAt <= height + 1) return `the offer of its provider expired at height ${offer.expiresAt}`;
  if (epochs < offer.minEpochs || epochs > offer.maxEpochs)
    return `its provider takes ${offer.minEpochs} to ${offer.maxEpochs} epochs, not ${epochs}`;
  // Its own bytes are among the used ones: they are not counted twice.
  if (BigInt(offer.usedBytes) > BigInt(offer.capacityBytes)) return 'its provider is full';
  return undefined;
}
