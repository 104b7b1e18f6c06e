import type { NetworkParams } from '#chain';
import type { LedgerPort } from '#ledger';
import { type Candidate, choosePlacement, isNewcomer, type Refusal, type Standing } from '#placement';
import {
  createLocalPort,
  type HandlersOf,
  type LivenessView,
  PLACEMENT_CONTRACT,
  type PlacementPort,
} from '#services';
import type { ProviderRecordView } from '#wire';
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
      const [candidates, records] = await Promise.all([allCandidates(ledger), allRecords(ledger)]);
      const down: Refusal[] = [];
      const alive: Candidate[] = [];
      for (const candidate of candidates) {
        const { provider, address } = candidate.offer;
        const liveness = record.get(provider);
        if (liveness?.state === 'down')
          down.push({
            provider: address,
            why: `down since ${liveness.since}: ${liveness.error ?? 'no answer'}`,
          });
        else alive.push({ ...candidate, standing: standingOf(records.get(provider), liveness) });
      }
      const { usable, refusals } = choosePlacement(params, alive, {
        bytesPerHolder: BigInt(bytesPerHolder),
        epochs,
        height: tip.height,
        exclude: new Set(exclude),
        count,
      });
      return {
        height: tip.height,
        usable: usable.slice(0, count).map(({ standing, offer, ...chosen }) => ({
          ...chosen,
          offer,
          liveness: record.get(offer.provider) ?? null,
          record: records.get(offer.provider) ?? null,
          isNewcomer: isNewcomer({ ...(standing !== undefined && { standing }) }),
        })),
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

async function allRecords(ledger: LedgerPort): Promise<Map<string, ProviderRecordView>> {
  const records = new Map<string, ProviderRecordView>();
  let cursor: string | undefined;
  do {
    const page = await ledger.providerRecords({ limit: 200, cursor });
    for (const record of page.items) records.set(record.provider, record);
    cursor = page.nextCursor ?? undefined;
  } while (cursor !== undefined);
  return records;
}

/** What the chain and the probes say of a provider. */
function standingOf(record: ProviderRecordView | undefined, liveness: LivenessView | undefined): Standing {
  return {
    ...record,
    ...(liveness !== undefined && { probesAnswered: liveness.answered, probesMade: liveness.probes }),
    ...(liveness?.latencyMs != null && { latencyMs: liveness.latencyMs }),
  };
}
