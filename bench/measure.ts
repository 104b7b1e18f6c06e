/** Middle value of an odd or even number of measurements. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] as number;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] as number) + upper) / 2;
}

/** One thing to measure: `run` does a fixed amount of work, `bytes` of it. */
export interface Contender {
  readonly bytes: number;
  run(): unknown;
}

/**
 * MB/s (10^6) of each contender, medians of `rounds` rounds. The contenders take turns within a round, so that a
 * neighbour's load falls on both sides of a ratio.
 */
export async function measureThroughput<K extends string>(
  contenders: Readonly<Record<K, Contender>>,
  rounds = 7,
): Promise<Record<K, number>> {
  const names = Object.keys(contenders) as K[];
  const samples = new Map<K, number[]>(names.map((name) => [name, []]));
  for (const name of names) await contenders[name].run();
  for (let round = 0; round < rounds; round++)
    for (const name of names) {
      const startedAt = performance.now();
      await contenders[name].run();
      const seconds = (performance.now() - startedAt) / 1000;
      samples.get(name)?.push(contenders[name].bytes / 1e6 / seconds);
    }
  return Object.fromEntries(names.map((name) => [name, median(samples.get(name) ?? [])])) as Record<
    K,
    number
  >;
}
