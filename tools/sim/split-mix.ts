/** Numbers from 0 to below 1 that follow from a seed: SplitMix32 (public domain), fast enough for millions of events. */
export function splitMix32(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x9e37_79b9) | 0;
    const first = Math.imul(state ^ (state >>> 16), 0x21f0_aaad);
    const second = Math.imul(first ^ (first >>> 15), 0x735a_2d97);
    return ((second ^ (second >>> 15)) >>> 0) / 2 ** 32;
  };
}
