import type { ContractView } from '#wire';

/** Remembered of one contract: the walk finds the others again. */
const MAX_PER_CONTRACT = 64;
/** Put again at one provider in one round, whatever number of contracts it has. */
const MAX_PER_ROUND = 64;
/** So many epochs in which nothing had to be put again, and a provider begins anew. */
const FORGIVEN_EPOCHS = 4;

/** What is to be put again at a provider now. */
export interface HealTask {
  readonly contract: string;
  readonly fragments: ReadonlySet<string>;
}

interface Pace {
  readonly rounds: number;
  readonly nextAt: number;
}

/**
 * Fragments that living providers lost, and when they are put again: at once, and then after 1, 2, 4, … blocks up to an
 * epoch, 64 at a time. Whoever loses again what it was just given, or says so, costs a bounded number of bytes a day.
 */
export class LostFragments {
  private readonly lost = new Map<string, { readonly provider: string; readonly fragments: Set<string> }>();
  /** By the account of the provider. */
  private readonly paces = new Map<string, Pace>();

  constructor(private readonly epochBlocks: number) {}

  /** Fragments that wait. */
  get size(): number {
    return [...this.lost.values()].reduce((sum, { fragments }) => sum + fragments.size, 0);
  }

  note({ id, provider }: Pick<ContractView, 'id' | 'provider'>, fragment: string): void {
    const known = this.lost.get(id) ?? { provider, fragments: new Set() };
    if (known.fragments.size < MAX_PER_CONTRACT) known.fragments.add(fragment);
    this.lost.set(id, known);
  }

  /** What is put again at this height; it waits no more, and whoever fails at it notes it again. */
  take(height: number): HealTask[] {
    const roomOf = new Map<string, number>();
    const tasks: HealTask[] = [];
    for (const [contract, { provider, fragments }] of [...this.lost]) {
      const isBegun = roomOf.has(provider);
      if (!isBegun && (this.paces.get(provider)?.nextAt ?? 0) > height) continue;
      const room = roomOf.get(provider) ?? MAX_PER_ROUND;
      const taken = new Set([...fragments].slice(0, room));
      for (const fragment of taken) fragments.delete(fragment);
      if (fragments.size === 0) this.lost.delete(contract);
      if (taken.size > 0) tasks.push({ contract, fragments: taken });
      roomOf.set(provider, room - taken.size);
    }
    this.slowDown(roomOf.keys(), height);
    return tasks;
  }

  private slowDown(providers: Iterable<string>, height: number): void {
    for (const [provider, { nextAt }] of this.paces)
      if (height - nextAt >= FORGIVEN_EPOCHS * this.epochBlocks) this.paces.delete(provider);
    for (const provider of providers) {
      const rounds = (this.paces.get(provider)?.rounds ?? 0) + 1;
      const pause = Math.min(2 ** (rounds - 1), this.epochBlocks);
      this.paces.set(provider, { rounds, nextAt: height + pause });
    }
  }
}
