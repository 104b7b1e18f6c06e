import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { readCorpus } from './corpus.js';
import { FindingError, type FuzzTarget } from './fuzz-target.js';
import { mutate } from './mutate.js';
import { Random } from './random.js';

/** When a run ends: whichever comes first. */
export interface FuzzBudget {
  readonly seed: number;
  readonly inputs: number;
  readonly milliseconds: number;
  /** What one input may cost; MAX_INPUT_MS unless told. */
  readonly maxInputMs?: number;
}

/** What a run saw. */
export interface FuzzReport {
  readonly target: string;
  readonly inputs: number;
  readonly seconds: number;
  readonly slowestMs: number;
  /** How often each answer was given. */
  readonly outcomes: ReadonlyMap<string, number>;
  /** One input for every answer that no sample and nothing in the corpus gave. */
  readonly discovered: readonly Uint8Array[];
}

/** One input must not cost more; asked twice, because a machine that does other things pauses once in a while. */
const MAX_INPUT_MS = 2_000;
/** Memory that a run may hold on to beyond what it began with. */
const MAX_HEAP_GROWTH_BYTES = 512 * 1024 * 1024;
const CHECK_EVERY = 1_024;
const MAX_POOL = 4_000;

/** Gives a target mutated inputs until the budget is spent. A finding throws, with the path of a file to replay. */
export async function runFuzz(target: FuzzTarget, budget: FuzzBudget): Promise<FuzzReport> {
  const { maxInputMs = MAX_INPUT_MS } = budget;
  const random = new Random(budget.seed);
  const pool: Uint8Array[] = [...target.samples(), ...readCorpus(target.name)];
  const outcomes = new Map<string, number>();
  const discovered: Uint8Array[] = [];
  for (const sample of pool) count(outcomes, await tryInput(target, sample, budget.seed));
  const seeds = pool.slice();
  const heapBefore = process.memoryUsage().heapUsed;
  const began = performance.now();
  let slowestMs = 0;
  let inputs = seeds.length;
  let last = began;
  while (inputs < budget.inputs && last - began < budget.milliseconds) {
    const input = mutate(random.pick(pool), target.form, random, seeds);
    const pending = tryInput(target, input, budget.seed);
    const outcome = typeof pending === 'string' ? pending : await pending;
    const now = performance.now();
    slowestMs = Math.max(slowestMs, now - last);
    if (now - last > maxInputMs) {
      const again = await processorTime(() => tryInput(target, input, budget.seed));
      if (again > maxInputMs) reportFinding(target, input, budget.seed, `it took ${Math.round(again)} ms`);
    }
    last = performance.now();
    inputs += 1;
    if (!outcomes.has(outcome)) {
      discovered.push(input);
      pool.push(input);
    } else if (outcome === 'accepted' && pool.length < MAX_POOL && random.below(64) === 0) pool.push(input);
    count(outcomes, outcome);
    if (inputs % CHECK_EVERY === 0) {
      const grown = process.memoryUsage().heapUsed - heapBefore;
      if (grown > MAX_HEAP_GROWTH_BYTES)
        reportFinding(target, input, budget.seed, `${grown} bytes of memory are held`);
    }
  }
  return {
    target: target.name,
    inputs,
    seconds: (performance.now() - began) / 1_000,
    slowestMs,
    outcomes,
    discovered,
  };
}

/** Milliseconds of processor time that something takes. */
async function processorTime(work: () => unknown): Promise<number> {
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1_000;
}

/** Tries one input; a finding is written to a file and thrown. */
export function tryInput(target: FuzzTarget, input: Uint8Array, seed: number): string | Promise<string> {
  const fail = (error: unknown): never => reportFinding(target, input, seed, error);
  try {
    const outcome = target.run(input);
    return typeof outcome === 'string' ? outcome : outcome.catch(fail);
  } catch (error) {
    return fail(error);
  }
}

function reportFinding(target: FuzzTarget, input: Uint8Array, seed: number, cause: unknown): never {
  // One folder a user: another's cannot be written to.
  const folder = join(tmpdir(), `cairn-fuzz-${userInfo().username}`);
  mkdirSync(folder, { recursive: true });
  const name = createHash('sha256').update(input).digest('hex').slice(0, 12);
  const path = join(folder, `${target.name}-${name}.bin`);
  writeFileSync(path, input);
  const why = cause instanceof Error ? `${cause.name}: ${cause.message}` : String(cause);
  throw new FindingError(
    `fuzz target ${target.name}, seed ${seed}: ${why}\n  input of ${input.length} bytes in ${path}\n  replay: npm run fuzz -- ${target.name} --replay ${path}`,
    { cause },
  );
}

function count(outcomes: Map<string, number>, outcome: string): void {
  outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
}
