import { type AccountId, type BlockView, namespace, u63 } from '#chain';
import { assertInvariant } from '#errors';

/** Bytes under active contracts by provider account; absent means none. */
export const usageSpace = namespace('usage', 13, u63);

/** Counts the bytes of a new contract. */
export function takeCapacity(view: BlockView, provider: AccountId, sizeBytes: bigint): void {
  view.put(usageSpace, provider, (view.get(usageSpace, provider) ?? 0n) + sizeBytes);
}

/** Gives the bytes of a settled contract back. */
export function releaseCapacity(view: BlockView, provider: AccountId, sizeBytes: bigint): void {
  const left = (view.get(usageSpace, provider) ?? 0n) - sizeBytes;
  assertInvariant(left >= 0n, `provider ${provider} would use less than nothing`);
  if (left === 0n) view.remove(usageSpace, provider);
  else view.put(usageSpace, provider, left);
}
