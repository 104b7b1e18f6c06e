import { AppError, assertInvariant, InvariantError, violationToText } from '#errors';
import { validateShape } from '#fragments';

/** Fewer than k fragments are left: nothing can be rebuilt from them. */
export function tooFewFragments(present: number, k: number, n: number): AppError {
  return new AppError({
    code: 'erasure/too-few-fragments',
    message: `${present} of ${n} fragments are present and ${k} are needed`,
    next: 'fetch fragments from more providers of this segment',
    data: { present, k, n },
  });
}

/** Refuses shapes that no profile may have: a wasm trap would leave its instance unusable. */
export function checkShape(k: number, n: number): void {
  const violation = validateShape(k, n);
  if (violation !== undefined) throw new InvariantError(violationToText(violation));
}

/** The common length of shards. */
export function commonLength(shards: readonly Uint8Array[]): number {
  const length = shards[0]?.length ?? 0;
  assertInvariant(length > 0, 'Reed-Solomon needs shards of at least one byte');
  for (const shard of shards)
    assertInvariant(
      shard.length === length,
      `shards of ${length} and ${shard.length} bytes do not form one code`,
    );
  return length;
}

/** Indexes of the shards that are there; throws AppError `erasure/too-few-fragments` below k. */
export function presentIndexes(shards: readonly (Uint8Array | undefined)[], k: number): number[] {
  const present = [...shards.keys()].filter((index) => shards[index] !== undefined);
  if (present.length < k) throw tooFewFragments(present.length, k, shards.length);
  return present;
}

/** Refuses indexes outside a code of n shards. */
export function checkIndexes(indexes: readonly number[], k: number, n: number): void {
  for (const index of indexes)
    if (!Number.isInteger(index) || index < 0 || index >= n)
      throw new InvariantError(`no shard ${index} in ${k} of ${n}`);
}
