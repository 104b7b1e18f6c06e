import type { AccountId, ContractId } from '#chain';
import { type Agreement, contractSpace, type Leaf, offerSpace, type StorageContract } from '#contracts';
import { bytesToHex } from '#crypto';
import { assertInvariant } from '#errors';
import type { MemoryChain } from '../../chain/testing/memory-chain.js';
import type { Wallet } from '../../chain/testing/wallet.js';
import { ContractScenario } from '../../contracts/testing/contract-scenario.js';

/** Fragments with their leaves; a dropped one still has its bytes. */
export interface FragmentList {
  readonly fragments: readonly Uint8Array[];
  readonly leaves: readonly Leaf[];
}

/** What a client of a random history agrees to burn at most. */
const MAX_BURN = 1_000_000_000_000n;

/**
 * The contracts of a chain with what their parties have on their disks: lists are kept by the root they have, so that they
 * are right on every branch and for every window that is still open.
 */
export class MarketContracts {
  private readonly lists = new Map<string, FragmentList>();

  constructor(
    readonly chain: MemoryChain,
    private readonly wallets: () => readonly Wallet[],
  ) {}

  remember(root: Uint8Array, list: FragmentList): void {
    this.lists.set(bytesToHex(root), { fragments: list.fragments, leaves: list.leaves });
  }

  listOf(root: Uint8Array): FragmentList {
    const list = this.lists.get(bytesToHex(root));
    assertInvariant(list !== undefined, `nobody knows the list of ${bytesToHex(root)}`);
    return list;
  }

  wallet(account: AccountId): Wallet {
    const wallet = this.wallets().find((other) => other.account === account);
    assertInvariant(wallet !== undefined, `nobody has the key of ${account}`);
    return wallet;
  }

  /** In ascending id. */
  all(): readonly (readonly [ContractId, StorageContract])[] {
    const entries = [...this.chain.state.entries(contractSpace)] as [ContractId, StorageContract][];
    return entries.sort(([a], [b]) => (a < b ? -1 : 1));
  }

  /** One of the contracts that fit, by a number, or undefined. */
  pick(number: number, fits: (contract: StorageContract) => boolean): ContractScenario | undefined {
    const fitting = this.all().filter(([, contract]) => fits(contract));
    const chosen = fitting[number % Math.max(1, fitting.length)];
    return chosen && this.scenarioOf(...chosen);
  }

  /** A contract as its parties see it; the agreement is one they could come to now. */
  scenarioOf(id: ContractId, contract: StorageContract): ContractScenario {
    const { fragments, leaves } = this.listOf(contract.root);
    const agreement: Agreement = {
      clientKey: contract.clientKey,
      providerKey: contract.providerKey,
      nonce: new Uint8Array(16),
      ticketKey: contract.ticketKey,
      payout: contract.payout,
      offerNumber: this.chain.state.get(offerSpace, contract.provider)?.number ?? 0n,
      formBy: this.chain.height + 10,
      epochs: contract.epochs,
      basePerEpoch: contract.basePerEpoch,
      pricePerGiBEpoch: contract.pricePerGiBEpoch,
      collateral: contract.collateral,
      pricePerGiBRead: contract.pricePerGiBRead,
      freeReadBytesPerEpoch: contract.freeReadBytesPerEpoch,
      readEscrow: 0n,
      repair: contract.repair,
      reserve: 0n,
      maxBurn: MAX_BURN,
      root: contract.root,
      leafCount: contract.leafCount,
      totalBytes: contract.totalBytes,
      totalChunks: contract.totalChunks,
    };
    const client = this.wallet(contract.client);
    const provider = this.wallet(contract.provider);
    return new ContractScenario(this.chain, { client, provider, fragments, leaves, agreement, id });
  }
}
