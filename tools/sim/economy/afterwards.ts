import {
  type Agreement,
  contractIdOf,
  dropLeaves,
  priceContract,
  type Revision,
  restOfTerm,
  revisionSigningMessage,
  type StorageContract,
  shareOfUp,
} from '#contracts';
import { signAgreement, simNonce } from './agreements.js';
import type { Dataset } from './dataset.js';
import type { LawChain } from './law-chain.js';
import type { Party } from './party.js';
import type { FarmPlan } from './plan.js';
import { createPlot, type Offering, type Plot, type Sequences } from './plot.js';

/** Who acts in a farm. */
export interface FarmParties {
  readonly client: Party;
  readonly provider: Party;
  /** Takes over a contract that is replaced, and who gives it away. */
  readonly successor: Party;
  readonly repairer: Party;
}

/** What a move works on. */
export interface MoveContext {
  readonly chain: LawChain;
  readonly plan: FarmPlan;
  readonly parties: FarmParties;
  readonly dataset: Dataset;
  readonly sequences: Sequences;
  readonly farmNumber: number;
  /** Hears of a contract that another one goes on as. */
  readonly onPlot: (plot: Plot) => void;
}

/** Nonces of successors differ from those of the contracts they follow. */
const SUCCESSOR_NONCES = 50;
const MAX_BURN = 1n << 60n;

/** What the parties do about a contract that was just proven. */
export function moveAfterProof(
  context: MoveContext,
  plot: Plot,
  contract: StorageContract,
): Offering | undefined {
  const { plan, parties, sequences } = context;
  if (plot.isSuccessor) return undefined;
  const isFirst = plot.proofs === 1;
  const isLast = plot.proofs === plan.epochs;
  switch (plan.afterwards) {
    case 'nothing':
      return undefined;
    case 'end':
      return isFirst ? sequences.sign(parties.client, plot, 'end', { contract: plot.id }) : undefined;
    case 'renew':
      return isLast ? renew(context, plot) : undefined;
    case 'replace':
      return isFirst ? sequences.sign(plot.provider, plot, 'drain', { contract: plot.id }) : undefined;
    case 'extend':
      return contract.epochs < 2 * plan.epochs ? extend(context, plot, contract) : undefined;
    case 'drop':
      return isFirst ? drop(context, plot) : undefined;
  }
}

/** The repairer gives a drained contract to the successor. */
export function replaceDrained(context: MoveContext, plot: Plot, contract: StorageContract): Offering {
  const { chain, parties } = context;
  const { successor, repairer } = parties;
  const { epochs } = restOfTerm(chain.law.params, contract, chain.height + 1);
  const agreement = {
    ...plot.agreement,
    providerKey: successor.publicKey,
    payout: successor.account,
    epochs,
    collateral: shareOfUp(
      priceContract(chain.law.params, { ...plot.agreement, epochs }).escrow,
      chain.law.params.contract.minCollateralBps,
    ),
    reserve: 0n,
    maxBurn: 0n,
  };
  return goOn(context, plot, agreement, successor, repairer, 'replace');
}

function renew(context: MoveContext, plot: Plot): Offering {
  return goOn(context, plot, plot.agreement, plot.provider, context.parties.client, 'renew');
}

/** A `renew` or `replace`: the same fragments under an agreement with another nonce. */
function goOn(
  { chain, farmNumber, sequences, onPlot }: MoveContext,
  plot: Plot,
  terms: Agreement,
  provider: Party,
  sender: Party,
  kind: 'renew' | 'replace',
): Offering {
  const agreement = { ...terms, nonce: simNonce(farmNumber + SUCCESSOR_NONCES, plot.index, 0) };
  const id = contractIdOf(chain.law.crypto, chain.law.params, agreement);
  const { index, lostChunks } = plot;
  onPlot(createPlot({ index, id, agreement, provider, lostChunks, isSuccessor: true }));
  const providerSignature = signAgreement(chain, provider, agreement);
  return sequences.sign(sender, plot, kind, { contract: plot.id, agreement, providerSignature });
}

/** One more epoch, signed by both, published by the client. */
function extend({ chain, parties, sequences }: MoveContext, plot: Plot, contract: StorageContract): Offering {
  const { crypto, params } = chain.law;
  const { leafCount, totalBytes, totalChunks, root, clientKey, providerKey } = contract;
  const revision: Revision = {
    contract: plot.id,
    number: contract.revision + 1,
    epochs: contract.epochs + 1,
    addReserve: 0n,
    addReadEscrow: 0n,
    addCollateral: 0n,
    maxBurn: MAX_BURN,
    leafCount,
    totalBytes,
    totalChunks,
    root,
  };
  const message = revisionSigningMessage(crypto, params, revision);
  return sequences.sign(parties.client, plot, 'revise', {
    revision,
    appended: [],
    frontier: [],
    clientKey,
    providerKey,
    clientSignature: crypto.sign(parties.client.secretKey, message),
    providerSignature: crypto.sign(plot.provider.secretKey, message),
  });
}

/** Three fragments of four: as much as a contract may lose. */
function drop({ chain, parties, dataset, sequences }: MoveContext, plot: Plot): Offering {
  const indexes = dataset.leaves.map((_, index) => index).filter((index) => index % 4 !== 0);
  const { dropped, leaves } = dropLeaves(chain.law.crypto, dataset.leaves, indexes);
  plot.leaves = leaves;
  return sequences.sign(parties.client, plot, 'drop', { contract: plot.id, leaves: dropped });
}
