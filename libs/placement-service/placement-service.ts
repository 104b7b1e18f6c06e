import type { NetworkParams } from '#chain';
import type { LedgerPort } from '#ledger';
import { type Candidate, choosePlacement, type Refusal } from '#placement';
import { createLocalPort, type HandlersOf, PLACEMENT_CONTRACT, type PlacementPort } from '#services';
import type { LivenessRecord } from './liveness-record.js';

export interface PlacementServiceOptions {
  readonly ledger: LedgerPort;
  readonly params: NetworkParams;
  /** Who answered lately; a process that probes nobody gives an empty one. */
  readonly record: Pick<LivenessRecord, 'get' | 'all'>;
}

/** Chooses among the offers on chain; a provider known to be down is not chosen, one never probed is. */
export function createPlacementService({ ledger, params, record }: PlacementServiceOptions): PlacementPort {
  const handlers: HandlersOf<typeof PLACEMENT_CONTRACT> = {
    async choose({ bytesPerHolder, epochs, count, exclude }) {
      const { tip } = await ledger.status();
      const candidates = await allCandidates(ledger);
      const down: Refusal[] = [];
      const alive = candidates.filter(({ offer }) => {
        const liveness = record.get(offer.provider);
        if (liveness?.state !== 'down') return true;
        down.push({
          provider: offer.address,
          why: `down since ${liveness.since}: ${liveness.error ?? 'no answer'}`,
        });
        return false;
      });
      const { usable, refusals } = choosePlacement(params, alive, {
        bytesPerHolder: BigInt(bytesPerHolder),
        epochs,
        height: tip.height,
        exclude: new Set(exclude),
      });
      return {
        height: tip.height,
        usable: usable
          .slice(0, count)
          .map((candidate) => ({ ...candidate, liveness: record.get(candidate.offer.provider) ?? null })),
        refusals: [...refusals, ...down],
      };
    },

    async liveness({ providers }) {
      if (providers === undefined) return record.all();
      return providers.flatMap((provider) => record.get(provider) ?? []);
    },
  };
  return createLocalPort(PLACEMENT_CONTRACT, handlers);
}

async function allCandidates(ledger: LedgerPort): Promise<Candidate[]> {
  const candidates: Candidate[] = [];
  let cursor: string | undefined;
  do {
    const page = await ledger.offers({ limit: 200, cursor });
    for (const offer of page.items) {
      const endpoint = await ledger.endpoint({ principal: offer.provider });
      if (endpoint !== null) candidates.push({ offer, endpoint });
    }
    cursor = page.nextCursor ?? undefined;
  } while (cursor !== undefined);
  return candidates;
}
