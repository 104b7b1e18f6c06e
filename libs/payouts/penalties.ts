import type { NetworkParams } from '#chain';
import type { LedgerPort } from '#ledger';
import type { PayoutLineView, PenaltyView } from '#services';
import type { ContractView, ObjectEventView, Page, PageQuery } from '#wire';
import { parsePlace, placeAfter } from './place.js';
import { contractsOfProvider } from './provider-contracts.js';
import { contractLines } from './statement-lines.js';

const NAMES = ['contract/missed', 'contract/failed'] as const;

/** Reads misses and failures with the coins they cost. */
export class PenaltyReader {
  /** Of one answer: several penalties of a contract share one reading of it. */
  private readonly lines = new Map<string, Promise<PayoutLineView[]>>();

  constructor(
    private readonly ledger: LedgerPort,
    private readonly params: NetworkParams,
  ) {}

  /** Newest first; of one provider, or of everybody. */
  async page({ limit, cursor }: PageQuery, account?: string): Promise<Page<PenaltyView>> {
    const below = cursor === undefined ? undefined : parsePlace(cursor);
    const events =
      account === undefined ? await this.eventsOfAll(below?.height, limit) : await this.eventsOf(account);
    const rest = events
      .filter((event) => below === undefined || placeAfter(below, event))
      .sort((a, b) => b.height - a.height || b.position - a.position);
    const shown = rest.slice(0, limit);
    const items: PenaltyView[] = [];
    for (const event of shown) {
      const penalty = await this.toPenalty(event);
      if (penalty !== undefined) items.push(penalty);
    }
    const last = shown.at(-1);
    return {
      items,
      nextCursor: rest.length > limit && last !== undefined ? `${last.height}-${last.position}` : null,
    };
  }

  private async eventsOf(account: string): Promise<ObjectEventView[]> {
    const contracts = (await contractsOfProvider(this.ledger, account)).filter(({ missed }) => missed > 0);
    const timelines = await Promise.all(contracts.map(({ id }) => this.ledger.contractTimeline({ id })));
    return timelines.flat().filter(({ name }) => (NAMES as readonly string[]).includes(name));
  }

  /** The newest `limit + 1` below a height (that height included) of each kind: those of the page are among them. */
  private async eventsOfAll(atOrBelow: number | undefined, limit: number): Promise<ObjectEventView[]> {
    const kinds = await Promise.all(NAMES.map((name) => this.newestOf(name, atOrBelow, limit)));
    return kinds.flat();
  }

  private async newestOf(
    name: string,
    atOrBelow: number | undefined,
    limit: number,
  ): Promise<ObjectEventView[]> {
    const found: ObjectEventView[] = [];
    let cursor: string | undefined;
    do {
      const page = await this.ledger.events({ name, limit: 200, cursor });
      for (const event of page.items) {
        if (atOrBelow !== undefined && event.height > atOrBelow) continue;
        // The height that a page ends in is read whole: there the position decides.
        if (found.length > limit && event.height < (found.at(-1)?.height ?? 0)) return found;
        found.push(event);
      }
      cursor = page.nextCursor ?? undefined;
    } while (cursor !== undefined);
    return found;
  }

  private async toPenalty({ name, subject, ...event }: ObjectEventView): Promise<PenaltyView | undefined> {
    const contract = await this.ledger.contract({ id: subject });
    if (contract === null) return undefined;
    const isFailure = name === 'contract/failed';
    const lines = (await this.linesOf(contract)).filter(
      ({ height, group, reason }) =>
        height === event.height && group === 'lost' && reason.startsWith('slash') !== isFailure,
    );
    const lost = lines.reduce((sum, { amount }) => sum + BigInt(amount), 0n);
    const epoch = isFailure ? lines[0]?.epoch : Number(event.data['epoch']);
    const strikes = Number(event.data['missed']);
    const strikesToFail = this.params.contract.strikes;
    return {
      height: event.height,
      time: event.time,
      blockId: event.blockId,
      position: event.position,
      contract: subject,
      provider: contract.provider,
      address: contract.providerAddress,
      kind: isFailure ? 'failed' : 'missed',
      epoch: epoch ?? null,
      strikes,
      strikesToFail,
      why: isFailure
        ? `${strikes} epochs without a proof: the contract failed, and what vested and the rest of the collateral is lost`
        : `no proof of epoch ${epoch} by the end of its window: strike ${strikes} of ${strikesToFail}`,
      lost: lost.toString(),
      postings: lines.map(({ reason, amount, meaning }) => ({ reason, amount, meaning })),
    };
  }

  private linesOf(contract: ContractView): Promise<PayoutLineView[]> {
    let lines = this.lines.get(contract.id);
    if (lines === undefined) {
      lines = contractLines(this.ledger, contract);
      this.lines.set(contract.id, lines);
    }
    return lines;
  }
}
