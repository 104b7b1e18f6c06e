import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { allPages } from '#client';
import type { ContractView } from '#wire';
import { seededRandom } from '../../../chain/testing/seeded-random.js';
import { newPerson, type Person } from '../support/people.js';
import { waitUntil } from '../support/wait.js';
import { ClientAtWork } from './client-at-work.js';
import { runFaults } from './fault-loop.js';
import { FaultWorld } from './fault-world.js';
import { type CampaignReport, Tally } from './report.js';
import { intactOf, surveyOf } from './survey.js';

export interface CampaignOptions {
  readonly seed: number;
  /** The campaign goes on until so many faults were made. */
  readonly faults: number;
  readonly providers: number;
  /** k/repairBelow/n of the files. */
  readonly profile: string;
  /** Most providers out of order at a time. */
  readonly maxFaulty: number;
  /** After the last fault everything must be whole again within this. */
  readonly healthyWithinSeconds: number;
  readonly onEvent?: (text: string) => void;
  /** Breaks it off: everything is ended and cleared away, and there is no report. */
  readonly signal?: AbortSignal;
}

export const DEFAULT_CAMPAIGN: Omit<CampaignOptions, 'seed'> = {
  faults: 200,
  providers: 24,
  profile: '4/8/12',
  maxFaulty: 6,
  healthyWithinSeconds: 240,
};

const COINS = 10_000n * 1_000_000_000n;
const SMALL_DISKS = 3;

/**
 * Real processes under faults of every kind while a client stores, reads, repairs and removes; the client, the node and
 * the miner are killed, too. Afterwards every byte that was stored must come back, and every coin that was locked.
 */
export async function runCampaign(options: CampaignOptions): Promise<CampaignReport> {
  const started = performance.now();
  const folder = await mkdtemp(join(tmpdir(), 'cairn-faults-'));
  const world = await FaultWorld.start({ providers: options.providers, folder, smallDisks: SMALL_DISKS });
  try {
    const made = await newPerson(world.network, COINS);
    const person = { ...made, cli: { ...made.cli, env: { CAIRN_REPAIRER: world.repairer.address } } };
    const faults = new Tally();
    const work = new ClientAtWork({
      world,
      person,
      folder,
      random: seededRandom(options.seed + 1),
      profile: options.profile,
      onEvent: options.onEvent ?? (() => undefined),
      faults,
    });
    const stop = new AbortController();
    const breaking = runFaults({
      world,
      random: seededRandom(options.seed),
      tally: faults,
      maxFaulty: options.maxFaulty,
      signal: stop.signal,
      onFault: (text) => options.onEvent?.(text),
    });
    try {
      await work.run(() => options.signal?.aborted === true || faults.total >= options.faults);
    } finally {
      stop.abort();
      await breaking;
    }
    options.signal?.throwIfAborted();
    const bytesLost = await work.readAll();
    const healthySeconds = await becomesHealthy(world, person, work, options);
    const bytesLostAfterRepair = await work.readAll();
    const stuckCoins = await removeAll(world, person, work);
    return {
      seed: options.seed,
      faults: faults.toRecord(),
      faultCount: faults.total,
      ...work.figures(),
      bytesLost: bytesLost + bytesLostAfterRepair,
      healthySeconds,
      stuckCoins: stuckCoins.toString(),
      seconds: (performance.now() - started) / 1000,
    };
  } finally {
    await world.stop();
  }
}

/** Repairs as an owner would until every file is kept by all the holders its profile names. */
async function becomesHealthy(
  world: FaultWorld,
  person: Person,
  work: ClientAtWork,
  { profile, healthyWithinSeconds, onEvent, signal }: CampaignOptions,
): Promise<number | null> {
  const n = Number(profile.split('/')[2]);
  const since = performance.now();
  const elapsed = (): number => (performance.now() - since) / 1000;
  while (elapsed() < healthyWithinSeconds) {
    signal?.throwIfAborted();
    const survey = await surveyOf(world, person.cli);
    const sick = [...survey].filter(([name, holders]) => name !== '(catalogue)' && intactOf(holders) < n);
    onEvent?.(
      `${sick.length} files are not whole yet: ${sick.map(([name, at]) => `${name} ${intactOf(at)}`).join(', ')}`,
    );
    if (sick.length === 0) return elapsed();
    // A pack goes by the name of one of its files.
    for (const [name] of sick) await work.repair(name.replace(/ and \d+ more$/, ''));
    await delay(1_000);
  }
  return null;
}

/** Removes every file and waits until its contracts are over: what is left in their pots then is stuck. */
async function removeAll(world: FaultWorld, person: Person, work: ClientAtWork): Promise<bigint> {
  await work.removeAll();
  let stuck = 0n;
  await waitUntil('every contract of a removed file to be over', 120_000, async () => {
    const views = await contractsOf(world, person);
    const active = views.filter(({ status }) => status === 'active');
    // The list of no files is kept itself.
    const catalogue = new Set(
      (await surveyOf(world, person.cli)).get('(catalogue)')?.map(({ contract }) => contract),
    );
    stuck = views
      .filter(({ id }) => !catalogue.has(id))
      .flatMap(({ escrow, vesting, collateral, reserve, bounty, reads }) =>
        [escrow, vesting, collateral, reserve, bounty, reads].map(BigInt),
      )
      .reduce((sum, amount) => sum + amount, 0n);
    return active.every(({ id }) => catalogue.has(id)) && stuck === 0n;
  }).catch((error: unknown) => work.wrong(String(error)));
  return stuck;
}

function contractsOf({ network }: FaultWorld, { address }: Person): Promise<ContractView[]> {
  return allPages<ContractView>((cursor) =>
    network.ledger.contracts({ client: address, cursor, limit: 200 }),
  );
}
