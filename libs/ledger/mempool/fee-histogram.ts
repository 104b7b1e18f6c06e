import type { KnownTransaction } from '#chain';

/** Each step of the scale is a tenth above the one before. */
const STEP = Math.log(1.1);

/** Bytes that wait, by fee per byte on a logarithmic scale: how deep the pool is at a price, without sorting it. */
export class FeeHistogram {
  private readonly bytes = new Map<number, number>();

  add(known: KnownTransaction): void {
    const step = stepOf(known);
    this.bytes.set(step, (this.bytes.get(step) ?? 0) + known.bytes.length);
  }

  remove(known: KnownTransaction): void {
    const step = stepOf(known);
    const left = (this.bytes.get(step) ?? 0) - known.bytes.length;
    if (left > 0) this.bytes.set(step, left);
    else this.bytes.delete(step);
  }

  /**
   * The fee per byte that beats all but `bytes` of what waits: 0 where less waits than that. At most a tenth above the
   * exact figure.
   */
  rateAhead(bytes: number): bigint {
    let ahead = 0;
    for (const step of [...this.bytes.keys()].sort((a, b) => b - a)) {
      ahead += this.bytes.get(step) ?? 0;
      if (ahead >= bytes) return BigInt(Math.ceil(Math.exp((step + 1) * STEP)));
    }
    return 0n;
  }
}

function stepOf(known: KnownTransaction): number {
  const perByte = Number(known.transaction.fee) / known.bytes.length;
  return perByte <= 1 ? 0 : Math.floor(Math.log(perByte) / STEP);
}
