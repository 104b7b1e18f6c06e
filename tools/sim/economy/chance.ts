import { asciiToBytes, readU32le } from '#crypto';
import { nativeCrypto } from '#crypto-native';

/**
 * A number from 0 to below 1 that follows from a seed and a place. Without hidden state: two worlds of one seed agree
 * on everything except what their plans change, so that their difference is the plan's and not the dice's.
 */
export function chance(seed: number, ...place: readonly (string | number)[]): number {
  const hash = nativeCrypto.sha256(asciiToBytes(`${seed}/${place.join('/')}`));
  return readU32le(hash, 0) / 2 ** 32;
}

/** `count` different whole numbers below `limit`, drawn without replacement. */
export function chooseDistinct(
  count: number,
  limit: number,
  seed: number,
  ...place: readonly (string | number)[]
): ReadonlySet<number> {
  const all = Array.from({ length: limit }, (_, index) => index);
  for (let index = 0; index < Math.min(count, limit); index++) {
    const other = index + Math.floor(chance(seed, ...place, index) * (limit - index));
    [all[index], all[other]] = [all[other] as number, all[index] as number];
  }
  return new Set(all.slice(0, count));
}
