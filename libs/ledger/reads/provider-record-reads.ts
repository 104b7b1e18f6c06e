import { type AccountId, accountIdToAddress, type StateDiff } from '#chain';
import { contractSpace, type StorageContract } from '#contracts';
import type { ProviderRecordView } from '#wire';
import type { ChainManager } from '../chain/chain-manager.js';
import { pageOfSorted, toPage } from '../explorer/paging.js';
import { type LedgerParts, toAccount } from '../ledger-parts.js';
import type { LedgerPort } from '../port.js';

type ProviderRecordReads = Pick<LedgerPort, 'providerRecords'>;

/** What one provider's contracts add up to. */
type Tally = Omit<ProviderRecordView, 'provider' | 'address' | 'storedBytes'> & {
  readonly storedBytes: bigint;
};

const NOTHING: Tally = {
  active: 0,
  completed: 0,
  ended: 0,
  cancelled: 0,
  renewed: 0,
  replaced: 0,
  failed: 0,
  drained: 0,
  proven: 0,
  missed: 0,
  storedBytes: 0n,
};

/** Reads of how providers kept their word. */
export function createProviderRecordReads(parts: LedgerParts): ProviderRecordReads {
  const index = new ProviderTallies(parts.chain);
  const toView = (provider: AccountId, { storedBytes, ...counts }: Tally): ProviderRecordView => ({
    provider,
    address: accountIdToAddress(parts.law.params, provider),
    ...counts,
    storedBytes: storedBytes.toString(),
  });
  return {
    async providerRecords(request) {
      const { rows, limit } = pageOfSorted(index.all(), request);
      return toPage(
        rows,
        limit,
        ([provider, tally]) => toView(toAccount(parts, provider), tally),
        ([provider]) => provider,
      );
    },
  };
}

/** Sums over all contracts by provider: counted once when first asked for, then kept by what each block changes. */
class ProviderTallies {
  private tallies: Map<string, Tally> | undefined;

  constructor(private readonly chain: ChainManager) {
    chain.onChange(({ left, joined }) => {
      for (const { diff } of left.toReversed()) this.note(diff, 'after', 'before');
      for (const { applied } of joined) this.note(applied.diff, 'before', 'after');
    });
  }

  all(): ReadonlyMap<string, Tally> {
    if (this.tallies === undefined) {
      this.tallies = new Map();
      for (const [, contract] of this.chain.state.entries(contractSpace)) this.add(contract, 1);
    }
    return this.tallies;
  }

  private note(diff: StateDiff, out: 'before' | 'after', into: 'before' | 'after'): void {
    if (this.tallies === undefined) return;
    for (const change of diff) {
      if (change.space.code !== contractSpace.code) continue;
      this.add(change[out] as StorageContract | undefined, -1);
      this.add(change[into] as StorageContract | undefined, 1);
    }
  }

  private add(contract: StorageContract | undefined, sign: 1 | -1): void {
    if (contract === undefined) return;
    const { provider, status, proven, missed, drainedAt, totalBytes } = contract;
    const tally = this.tallies?.get(provider) ?? NOTHING;
    this.tallies?.set(provider, {
      ...tally,
      [status]: tally[status] + sign,
      drained: tally.drained + (drainedAt === undefined ? 0 : sign),
      proven: tally.proven + sign * proven,
      missed: tally.missed + sign * missed,
      storedBytes: tally.storedBytes + (status === 'active' ? BigInt(sign) * totalBytes : 0n),
    });
  }
}
