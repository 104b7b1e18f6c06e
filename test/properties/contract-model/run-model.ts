import fc from 'fast-check';
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

/** Some blocks; providers whose bit is set prove what they are asked for. */
class Mine implements fc.Command<ModelMarket, MemoryChain> {
  constructor(
    private readonly blocks: number,
    private readonly diligent: number,
    private readonly miner: number,
  ) {}

  check(): boolean {
    return true;
  }

  run(market: ModelMarket): void {
    const miners = [market.chain.miner, market.walletOf('mal'), market.walletOf('pat')];
    const isDiligent = ({ provider }: ModelContract): boolean => {
      const place = [...market.byPot.keys()].indexOf(provider);
      return ((this.diligent >> (place % 3)) & 1) === 1;
    };
    for (let block = 0; block < this.blocks; block++) {
      market.proveAll(isDiligent);
      market.mine(miners[this.miner % miners.length]);
    }
  }

  toString(): string {
    return `mine(${this.blocks} blocks, diligent ${this.diligent}, miner ${this.miner})`;
  }
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

const commands = fc.commands(
  [
    fc.oneof(
      ...Object.entries(WEIGHTS).map(([name, weight]) => ({
        weight,
        arbitrary: draw.map((drawn) => new Send(name as ActionName, drawn)),
      })),
      {
        weight: 12,
        arbitrary: fc
          .tuple(fc.integer({ min: 1, max: 3 }), fc.nat(7), fc.nat(5))
          .map((at) => new Mine(...at)),
      },
      {
        weight: 8,
        arbitrary: fc
          .tuple(fc.integer({ min: 4, max: 25 }), fc.nat(7), fc.nat(5))
          .map((at) => new Mine(...at)),
      },
      { weight: 2, arbitrary: fc.integer({ min: 1, max: 12 }).map((depth) => new Reorg(depth)) },
    ),
  ],
  { size: 'max', maxCommands: 90 },
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
