import fc from 'fast-check';
import { contractSpace } from '#contracts';
import type { MemoryChain } from '../../../chain/testing/memory-chain.js';
import { ACTIONS, type Draw } from './actions.js';
import type { ModelContract } from './book.js';
import { ModelMarket, type Tally } from './market.js';

type ActionName = keyof typeof ACTIONS;

/** One transaction, honest or not, that waits for the next block. */
class Send implements fc.Command<ModelMarket, MemoryChain> {
  constructor(
    private readonly name: ActionName,
    private readonly draw: Draw,
  ) {}

  check(): boolean {
    return true;
  }

  run(market: ModelMarket): void {
    ACTIONS[this.name](market, this.draw);
  }

  toString(): string {
    const { who, whom, size, twist, fee } = this.draw;
    return `${this.name}(who ${who}, whom ${whom}, size ${size}, twist ${twist}, fee ${fee})`;
  }
}

/** Which blocks come, and who proves in them: providers whose bit is set. */
interface Course {
  readonly blocks: number;
  readonly diligent: number;
  readonly miner: number;
  /** Blocks up to the next thing that happens by itself to this contract, less one or two; else just `blocks`. */
  readonly towards: number | undefined;
}

const LONGEST_WAIT = 25;

class Mine implements fc.Command<ModelMarket, MemoryChain> {
  constructor(private readonly course: Course) {}

  check(): boolean {
    return true;
  }

  run(market: ModelMarket): void {
    const { diligent, miner, towards } = this.course;
    const miners = [market.chain.miner, market.walletOf('mal'), market.walletOf('pat')];
    const isDiligent = ({ provider }: ModelContract): boolean => {
      const place = [...market.byPot.keys()].indexOf(provider);
      return ((diligent >> (place % 3)) & 1) === 1;
    };
    const blocks = towards === undefined ? this.course.blocks : blocksBefore(market, towards);
    for (let block = 0; block < blocks; block++) {
      market.proveAll(isDiligent);
      market.mine(miners[miner % miners.length]);
    }
  }

  toString(): string {
    return `mine(${JSON.stringify(this.course)})`;
  }
}

/** So that what is sent next falls on the very block in which something happens by itself, or the one before. */
function blocksBefore({ chain, contracts }: ModelMarket, towards: number): number {
  const due = contracts.flatMap(({ id }) => {
    const contract = chain.state.get(contractSpace, id);
    return contract === undefined || contract.settledAt !== undefined ? [] : [contract.dueAt];
  });
  const next = due[towards % (due.length || 1)];
  if (next === undefined) return 1;
  return Math.min(LONGEST_WAIT, Math.max(0, next - chain.height - 1 - (towards % 2)));
}

/** A few blocks are taken back; what stood in them may come again. */
class Reorg implements fc.Command<ModelMarket, MemoryChain> {
  constructor(private readonly depth: number) {}

  check(): boolean {
    return true;
  }

  run(market: ModelMarket): void {
    market.count('reorg');
    market.revert(this.depth);
  }

  toString(): string {
    return `reorg(${this.depth})`;
  }
}

const draw: fc.Arbitrary<Draw> = fc.record({
  who: fc.nat(20),
  whom: fc.nat(20),
  size: fc.nat(40),
  twist: fc.nat(70),
  fee: fc.bigInt({ min: 0n, max: 60n }),
});

const WEIGHTS: Readonly<Record<ActionName, number>> = {
  form: 6,
  revise: 5,
  drop: 3,
  renew: 3,
  prove: 3,
  end: 1,
  skip: 2,
  drain: 2,
  replace: 6,
  redeem: 2,
  transfer: 1,
  offer: 1,
  replay: 2,
};

const mining = (
  longest: number,
  towards: fc.Arbitrary<number | undefined> = fc.constant(undefined),
): fc.Arbitrary<Mine> =>
  fc
    .record({ blocks: fc.integer({ min: 1, max: longest }), diligent: fc.nat(7), miner: fc.nat(5), towards })
    .map((course) => new Mine(course));

const commands = fc.commands(
  [
    fc.oneof(
      ...Object.entries(WEIGHTS).map(([name, weight]) => ({
        weight,
        arbitrary: draw.map((drawn) => new Send(name as ActionName, drawn)),
      })),
      { weight: 10, arbitrary: mining(3) },
      { weight: 6, arbitrary: mining(LONGEST_WAIT) },
      { weight: 8, arbitrary: mining(1, fc.nat(20)) },
      { weight: 2, arbitrary: fc.integer({ min: 1, max: 12 }).map((depth) => new Reorg(depth)) },
    ),
  ],
  { size: 'max', maxCommands: 90 },
);

/** What every history begins with, so that there is something to act on. */
const OPENING = [0, 1, 2].map(
  (who) => new Send('form', { who, whom: who + 3, size: 7 + 3 * who, twist: 70, fee: 5n }),
);

/** How long and how often. */
export interface ModelRun {
  readonly seed: number;
  readonly runs: number;
  readonly limitMs: number;
}

/** Random histories of all actions under the law and under the model; throws at the first that they disagree on. */
export function runModel({ seed, runs, limitMs }: ModelRun): Tally {
  const tally: Tally = {};
  fc.assert(
    fc.property(commands, (sequence) => {
      const market = new ModelMarket(tally);
      for (const opening of OPENING) opening.run(market);
      fc.modelRun(() => ({ model: market, real: market.chain }), sequence);
      market.mine();
      market.drainAll();
      for (const { status } of market.contracts) market.count(`contract ${status}`);
      tally['blocks'] = (tally['blocks'] ?? 0) + market.chain.height;
      tally['histories'] = (tally['histories'] ?? 0) + 1;
    }),
    {
      seed,
      numRuns: runs,
      interruptAfterTimeLimit: limitMs,
      markInterruptAsFailure: false,
      endOnFailure: true,
    },
  );
  return tally;
}
