/** Hashes a second over the last while. */
export interface HashRateMeter {
  /** Takes the count of all hashes so far and says the rate. */
  sample(hashCount: bigint, nowMs: number): number;
}

/** A meter over a sliding window; at most one sample a second is kept. */
export function createHashRateMeter(windowMs = 60_000): HashRateMeter {
  const samples: { readonly hashCount: bigint; readonly atMs: number }[] = [];
  return {
    sample(hashCount, nowMs) {
      while (samples[1] !== undefined && nowMs - samples[1].atMs >= windowMs) samples.shift();
      const newest = samples.at(-1);
      if (newest === undefined || nowMs - newest.atMs >= 1_000) samples.push({ hashCount, atMs: nowMs });
      const oldest = samples[0];
      if (oldest === undefined || nowMs <= oldest.atMs) return 0;
      return Number(hashCount - oldest.hashCount) / ((nowMs - oldest.atMs) / 1_000);
    },
  };
}
