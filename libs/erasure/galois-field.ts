import { assertInvariant } from '#errors';

/** The field's polynomial: x^8 + x^4 + x^3 + x^2 + 1. Addition is exclusive or. */
const polynomial = 0x11d;
const order = 255;

const exponents = new Uint8Array(2 * order);
const logarithms = new Uint8Array(256);
for (let power = 0, value = 1; power < order; power++) {
  exponents[power] = value;
  exponents[power + order] = value;
  logarithms[value] = power;
  value <<= 1;
  if (value & 0x100) value ^= polynomial;
}

/** Product in GF(2^8). */
export function multiply(a: number, b: number): number {
  if (a === 0 || b === 0) return 0;
  return exponents[logarithm(a) + logarithm(b)] as number;
}

/** Quotient in GF(2^8). */
export function divide(a: number, b: number): number {
  assertInvariant(b !== 0, `${a} cannot be divided by 0`);
  if (a === 0) return 0;
  return exponents[logarithm(a) + order - logarithm(b)] as number;
}

/**
 * Rows of the matrix that gives the shards `wanted` from the shards `present`: one coefficient for each of these.
 * Shards are the values of one polynomial at the points 0..n-1 (a systematic Vandermonde code is just that), so the
 * coefficients are Lagrange's: product over j of (wanted - p_j) / (p_i - p_j). No matrix needs to be inverted.
 */
export function interpolationRows(present: readonly number[], wanted: readonly number[]): Uint8Array[] {
  const below = present.map((point) =>
    present.reduce((product, other) => (other === point ? product : multiply(product, point ^ other)), 1),
  );
  return wanted.map((index) => {
    const row = new Uint8Array(present.length);
    const same = present.indexOf(index);
    if (same >= 0) {
      row[same] = 1;
      return row;
    }
    const above = present.reduce((product, point) => multiply(product, index ^ point), 1);
    for (const [at, point] of present.entries())
      row[at] = divide(above, multiply(index ^ point, below[at] as number));
    return row;
  });
}

function logarithm(value: number): number {
  return logarithms[value] as number;
}
