import type { CryptoPort } from '#crypto';
import { assertInvariant } from '#errors';
import { rewardSpace } from '../block/reward.js';
import type { NetworkParams } from '../params/network-params.js';
import type { Namespace } from '../state/namespace.js';
import { potSpace } from '../state/pots.js';
import type { BlockView } from '../state/view.js';
import { anchor, anchorSpace } from '../tx/kinds/anchor.js';
import { endpoint, endpointSpace } from '../tx/kinds/endpoint.js';
import { transfer } from '../tx/kinds/transfer.js';
import { laneSpace } from '../tx/lanes.js';
import type { Transaction, TxKind } from '../tx/transaction.js';

/** A part of the law: its kinds of transaction, its objects, and what happens by itself at the end of a block. */
export interface LawModule {
  readonly name: string;
  readonly kinds: readonly TxKind<string, unknown>[];
  readonly namespaces: readonly Namespace<unknown>[];
  /** Automatic transitions; runs after the block's transactions, in the order of the law's modules. */
  endBlock?(view: BlockView): void;
}

type KindsOf<M> = M extends readonly (infer E)[]
  ? E extends { readonly kinds: readonly (infer K)[] }
    ? K
    : never
  : never;
type TransactionOfKind<K> = K extends TxKind<infer Name, infer Body> ? Transaction<Name, Body> : never;

/** The closed union of a law's transactions. */
export type TransactionOf<M> = TransactionOfKind<KindsOf<M>>;

/** The rules of one network as a value. */
export interface Law {
  readonly params: NetworkParams;
  readonly crypto: CryptoPort;
  readonly modules: readonly LawModule[];
  readonly kindsByCode: ReadonlyMap<number, TxKind<string, unknown>>;
  readonly kindsByName: ReadonlyMap<string, TxKind<string, unknown>>;
  readonly namespaces: ReadonlyMap<number, Namespace<unknown>>;
}

/** A law whose transaction type is known to the compiler. */
export interface LawOf<M> extends Law {
  /** Only for the type: the closed union of its transactions. */
  readonly transactionType?: TransactionOf<M>;
}

/** The chain's own kinds and objects; every law has them. */
export const coreModule = {
  name: 'core',
  kinds: [transfer, endpoint, anchor] as const,
  namespaces: [potSpace, laneSpace, rewardSpace, endpointSpace, anchorSpace] as const,
} satisfies LawModule;

/** Builds a network's law from its parts; `coreModule` is always the first of them. */
export function createLaw<const M extends readonly LawModule[]>(
  params: NetworkParams,
  crypto: CryptoPort,
  modules: M,
): LawOf<readonly [typeof coreModule, ...M]> {
  const all: LawModule[] = [coreModule, ...modules];
  const kindsByCode = new Map<number, TxKind<string, unknown>>();
  const kindsByName = new Map<string, TxKind<string, unknown>>();
  const namespaces = new Map<number, Namespace<unknown>>();
  for (const module of all) {
    for (const kind of module.kinds) {
      assertInvariant(
        !kindsByCode.has(kind.code) && !kindsByName.has(kind.name),
        `two kinds are ${kind.code} or ${kind.name}`,
      );
      kindsByCode.set(kind.code, kind);
      kindsByName.set(kind.name, kind);
    }
    for (const space of module.namespaces) {
      assertInvariant(!namespaces.has(space.code), `two namespaces have code ${space.code}`);
      namespaces.set(space.code, space);
    }
  }
  const contract = params.contract;
  assertInvariant(
    contract.proofDelayBlocks <= contract.windowBlocks && contract.windowBlocks < contract.epochBlocks,
    'a proof window must close before the next challenge',
  );
  assertInvariant(contract.slashBurnBps >= 5_000n, 'at least half of what is slashed must be burned');
  return { params, crypto, modules: all, kindsByCode, kindsByName, namespaces };
}
