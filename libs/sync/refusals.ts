import { type OffenceContext, offenceOf } from './offences.js';
import type { PeerRef, SyncTransport } from './ports.js';
import type { SyncRefusal } from './sync-engine.js';

/** Counts what was refused and tells the transport whose fault it was. */
export class Refusals {
  private readonly counts = new Map<string, number>();

  constructor(
    private readonly transport: Pick<SyncTransport, 'report'>,
    private readonly onRefusal: ((refusal: SyncRefusal) => void) | undefined,
  ) {}

  /** Returns the weight it has. */
  refuse(peer: PeerRef, context: OffenceContext, rule: string, detail?: string): number {
    const offence = offenceOf(context, rule);
    this.counts.set(rule, (this.counts.get(rule) ?? 0) + 1);
    this.onRefusal?.({ rule, peer, weight: offence.weight, ...(detail === undefined ? {} : { detail }) });
    if (offence.weight > 0) this.transport.report(peer, offence);
    return offence.weight;
  }

  byRule(): Readonly<Record<string, number>> {
    return Object.fromEntries([...this.counts].sort(([a], [b]) => (a < b ? -1 : 1)));
  }
}
