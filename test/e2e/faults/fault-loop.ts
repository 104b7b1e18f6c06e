import { setTimeout as delay } from 'node:timers/promises';
import { randomBelow } from '../../../chain/testing/seeded-random.js';
import { type FaultWorld, PROVIDER_FAULTS } from './fault-world.js';
import type { Tally } from './report.js';

export interface FaultLoopOptions {
  readonly world: FaultWorld;
  readonly random: () => number;
  readonly tally: Tally;
  /** Providers that may be out of order at a time. */
  readonly maxFaulty: number;
  readonly signal: AbortSignal;
  /** Names each fault as it happens. */
  readonly onFault: (text: string) => void;
}

/** The node, the miner or the repairer is hit about so often: nobody gets anything done without them. */
const NODE_EVERY_MS = 15_000;
const MAX_PAUSE_MS = 700;
const MAX_FAULT_MS = 12_000;

/** Breaks something at random, and mends it after a random while, until told to stop; then mends everything. */
export async function runFaults(options: FaultLoopOptions): Promise<void> {
  const { world, random, signal } = options;
  const mending = new Set<Promise<void>>();
  let nodeSince = performance.now();
  while (!signal.aborted) {
    await delay(100 + randomBelow(random, MAX_PAUSE_MS));
    if (performance.now() - nodeSince > NODE_EVERY_MS) {
      await breakNode(options);
      nodeSince = performance.now();
    }
    if (world.faults.size < options.maxFaulty) {
      const mended = breakProvider(options).finally(() => mending.delete(mended));
      // Its failure is told where all of them are awaited.
      mended.catch(() => undefined);
      mending.add(mended);
    }
  }
  await Promise.all(mending);
}

async function breakProvider({ world, random, tally, signal, onFault }: FaultLoopOptions): Promise<void> {
  const free = world.network.providers.map(({ index }) => index).filter((index) => !world.faults.has(index));
  const provider = free[randomBelow(random, free.length)] as number;
  const fault = PROVIDER_FAULTS[
    randomBelow(random, PROVIDER_FAULTS.length)
  ] as (typeof PROVIDER_FAULTS)[number];
  const lastsMs = 500 + randomBelow(random, MAX_FAULT_MS);
  if (!world.canInject(fault, provider)) return;
  tally.add(fault);
  onFault(`provider ${provider} ${fault} for ${lastsMs} ms`);
  await world.inject(fault, provider);
  await delay(lastsMs, undefined, { signal }).catch(() => undefined);
  await world.heal(provider);
}

/** Nobody does without the node: it comes back soon. */
async function breakNode({ world, random, tally, onFault }: FaultLoopOptions): Promise<void> {
  const { network, repairer } = world;
  const processes = [
    { name: 'node', kill: () => network.killNode(), start: () => network.startNode() },
    { name: 'miner', kill: () => network.killMiner(), start: () => network.startMiner() },
    { name: 'repairer', kill: () => repairer.kill(), start: () => repairer.restart() },
  ];
  const hit = processes[randomBelow(random, processes.length)] as (typeof processes)[number];
  tally.add(`${hit.name}-killed`);
  onFault(`the ${hit.name} is killed`);
  await hit.kill();
  await delay(500 + randomBelow(random, 2_500));
  await hit.start();
}
