import { type KnownTransaction, MAX_U63 } from '#chain';
import {
  agreementSigningMessage,
  commitToLeaves,
  isTombstone,
  offerSpace,
  replacementCause,
  replacementTerms,
  type StorageContract,
} from '#contracts';
import type { SigningOptions } from '../../chain/testing/memory-chain.js';
import type { Wallet } from '../../chain/testing/wallet.js';
import {
  appended,
  dropped,
  dropTransaction,
  redeemTransaction,
  renewTransaction,
  reviseTransaction,
} from '../../contracts/testing/changes.js';
import { scenarioFragment } from '../../contracts/testing/contract-scenario.js';
import type { MarketContracts } from './market-contracts.js';

/** What decides about a change. */
export interface ChangeStep {
  readonly action: 'revise' | 'drop' | 'renew' | 'replace' | 'skip' | 'drain' | 'redeem' | 'end';
  readonly amount: bigint;
  /** Decides between the honest form of an action and one of its wrong forms. */
  readonly twist: number;
}

/** Who takes part in changes besides the parties of the contract. */
export interface ChangeCast {
  readonly stranger: Wallet;
  readonly repairer: Wallet;
  /** Providers that take over. */
  readonly holders: readonly Wallet[];
  /** Unique for every call. */
  readonly nonce: () => Uint8Array;
}

const isActive = (contract: StorageContract): boolean => contract.status === 'active';
const isAny = (): boolean => true;

/** The transactions with which parties change a contract of the market, rightly or wrongly. */
export function changeContract(
  market: MarketContracts,
  step: ChangeStep,
  cast: ChangeCast,
): KnownTransaction[] {
  const { chain } = market;
  const { twist, amount } = step;
  const isWrong = twist % 6 === 0;
  const scenario = market.pick(twist, isWrong ? isAny : isActive);
  if (step.action === 'replace') return replaceContract(market, step, cast);
  if (step.action === 'end') {
    // Also the reserve of a failed one.
    const ending = market.pick(twist, ({ settledAt }) => settledAt === undefined);
    if (ending === undefined) return [];
    const sender = isWrong ? cast.stranger : ending.terms.client;
    return [chain.sign(sender, 'end', { contract: ending.id }, laneOf(chain, sender, 9))];
  }
  if (scenario === undefined) return [];
  const { id, terms, contract } = scenario;
  const { provider, client } = terms;
  switch (step.action) {
    case 'revise':
      return reviseContract(market, step, cast);
    case 'drop': {
      const live = terms.leaves.flatMap((leaf, index) => (isTombstone(leaf) ? [] : [index]));
      const indexes = live.filter((_, place) => (twist >> place) % 3 === 0).slice(0, 2);
      if (indexes.length === 0) return [];
      const after = dropped(scenario, indexes).terms;
      market.remember(commitToLeaves(chain.law.crypto, after.leaves).root, after);
      const sender = isWrong ? cast.stranger : client;
      const options = laneOf(chain, sender, 10);
      return [dropTransaction(scenario, indexes, {}, options, sender)];
    }
    case 'renew': {
      const epochs = 1 + (twist % 4);
      const collateral = contract.tranche * BigInt(epochs);
      const wrong = isWrong
        ? [{ leafCount: 0 }, { payout: client.account }, { collateral: 0n }][twist % 3]
        : {};
      const readEscrow = amount % 1_000n;
      const changes = { nonce: cast.nonce(), epochs, collateral, readEscrow, ...wrong };
      return [renewTransaction(scenario, changes, {}, laneOf(chain, client, 11))];
    }
    case 'skip': {
      const body = { contract: id, epoch: contract.nextEpoch + (twist % 2) };
      return [chain.sign(provider, 'skip', body, laneOf(chain, provider, 12))];
    }
    case 'drain':
      return [chain.sign(provider, 'drain', { contract: id }, laneOf(chain, provider, 13))];
    case 'redeem':
      return [redeemTransaction(scenario, contract.readsPaid + (amount % 500n), {}, provider, amount % 3n)];
  }
}

function reviseContract(
  market: MarketContracts,
  { twist, amount }: ChangeStep,
  cast: ChangeCast,
): KnownTransaction[] {
  const scenario = market.pick(twist, isActive);
  if (scenario === undefined) return [];
  const { contract, terms } = scenario;
  const isAppending = twist % 3 !== 1;
  const fragments = isAppending
    ? Array.from({ length: 1 + (twist % 2) }, (_, index) =>
        scenarioFragment((twist % 1_000) * 7 + index + 5_000, 1 + ((twist * 331) % 4_000)),
      )
    : [];
  const after = appended(scenario, fragments).terms;
  market.remember(commitToRoot(market, after.leaves), after);
  const wrong = [
    { number: contract.revision },
    { totalBytes: contract.totalBytes + 1n },
    { addReserve: MAX_U63 },
    { addCollateral: 0n },
  ][twist % 4];
  const choices = {
    appended: fragments,
    epochs: contract.epochs + (twist % 3 === 0 ? 0 : twist % 4),
    changes: {
      addCollateral: contract.tranche * BigInt(1 + (twist % 5)),
      addReadEscrow: amount % 700n,
      addReserve: contract.repair === undefined ? 0n : amount % 900n,
      ...(twist % 6 === 0 ? wrong : {}),
    },
  };
  const sender = twist % 7 === 0 ? cast.stranger : twist % 2 === 0 ? terms.client : terms.provider;
  return [reviseTransaction(scenario, choices, sender, amount % 5n)];
}

function commitToRoot(market: MarketContracts, leaves: Parameters<typeof commitToLeaves>[1]): Uint8Array {
  return commitToLeaves(market.chain.law.crypto, leaves).root;
}

function replaceContract(
  market: MarketContracts,
  { twist, amount }: ChangeStep,
  { repairer, holders, nonce }: ChangeCast,
): KnownTransaction[] {
  const { chain } = market;
  const isWrong = twist % 6 === 0;
  const scenario = market.pick(
    twist,
    (contract) =>
      contract.repair !== undefined &&
      contract.settledAt === undefined &&
      (isWrong || replacementCause(contract) !== undefined),
  );
  if (scenario === undefined) return [];
  const holder = holders.filter(({ account }) => account !== scenario.contract.provider)[
    twist % (holders.length - 1)
  ];
  const offer = holder && chain.state.get(offerSpace, holder.account);
  if (holder === undefined || offer === undefined) return [];
  const height = chain.height + 1;
  const { crypto, params } = chain.law;
  const choices = { offer, nonce: nonce(), formBy: height, height };
  const whole = replacementTerms(params, scenario.contract, choices);
  // A term that the coins there are can pay.
  const epochs = Math.min(whole.epochs, 1 + (twist % 3));
  const wrong = [
    { epochs: whole.epochs + 1 },
    { basePerEpoch: MAX_U63 / 1_000n },
    { root: new Uint8Array(32) },
  ];
  const agreement = { ...whole, epochs, ...(isWrong ? wrong[twist % 3] : {}) };
  const message = agreementSigningMessage(crypto, params, agreement);
  const body = {
    contract: scenario.id,
    agreement,
    providerSignature: crypto.sign(holder.secretKey, message),
  };
  const fee = amount % 3n === 0n ? amount % 1_000_000n : amount % 10n;
  return [chain.sign(repairer, 'replace', body, { ...laneOf(chain, repairer, 0), fee })];
}

function laneOf(chain: MarketContracts['chain'], wallet: Wallet, lane: number): SigningOptions {
  return { lane, sequence: chain.nextSequence(wallet, lane) };
}
