/** GF(2^8) with polynomial 0x11d: exponents and logarithms of the generator 2. */
const exponents = new Uint8Array(512);
const logarithms = new Uint8Array(256);
for (let power = 0, value = 1; power < 255; power++) {
  exponents[power] = value;
  exponents[power + 255] = value;
  logarithms[value] = power;
  value <<= 1;
  if (value & 0x100) value ^= 0x11d;
}

type Matrix = Uint8Array[];

/** Product of two field elements. */
export function multiply(a: number, b: number): number {
  if (a === 0 || b === 0) return 0;
  return exponents[(logarithms[a] as number) + (logarithms[b] as number)] as number;
}

/** The n x k systematic Vandermonde matrix (rows r^c, times the inverse of the top square), written for reading. */
export function codeMatrix(k: number, n: number): Matrix {
  const vandermonde = Array.from({ length: n }, (_, row) =>
    Uint8Array.from({ length: k }, (_, column) => raise(row, column)),
  );
  return product(vandermonde, inverse(vandermonde.slice(0, k)));
}

/** Parity of data shards of equal length, one multiplication at a time. */
export function encodeSlowly(data: readonly Uint8Array[], parityCount: number): Uint8Array[] {
  const matrix = codeMatrix(data.length, data.length + parityCount);
  return matrix.slice(data.length).map((row) => combine(row, data));
}

/** All n shards from any k present ones (places of lost shards are undefined). */
export function reconstructSlowly(shards: readonly (Uint8Array | undefined)[], k: number): Uint8Array[] {
  const matrix = codeMatrix(k, shards.length);
  const present = [...shards.keys()].filter((index) => shards[index] !== undefined).slice(0, k);
  const decode = inverse(present.map((index) => matrix[index] as Uint8Array));
  const chosen = present.map((index) => shards[index] as Uint8Array);
  const data = decode.map((row) => combine(row, chosen));
  return matrix.map((row) => combine(row, data));
}

function raise(base: number, exponent: number): number {
  let result = 1;
  for (let step = 0; step < exponent; step++) result = multiply(result, base);
  return result;
}

function combine(row: Uint8Array, shards: readonly Uint8Array[]): Uint8Array {
  const length = shards[0]?.length ?? 0;
  return Uint8Array.from({ length }, (_, at) =>
    shards.reduce((sum, shard, index) => sum ^ multiply(row[index] as number, shard[at] as number), 0),
  );
}

function product(left: Matrix, right: Matrix): Matrix {
  return left.map((row) =>
    Uint8Array.from({ length: row.length }, (_, column) =>
      row.reduce((sum, factor, index) => sum ^ multiply(factor, right[index]?.[column] as number), 0),
    ),
  );
}

/** Gauss-Jordan over the field; throws on a singular matrix, which the code never produces. */
function inverse(square: Matrix): Matrix {
  const size = square.length;
  const work: Matrix = square.map((row, index) => {
    const wide = new Uint8Array(size * 2);
    wide.set(row);
    wide[size + index] = 1;
    return wide;
  });
  for (let column = 0; column < size; column++) {
    const pivot = work.findIndex((row, index) => index >= column && row[column] !== 0);
    if (pivot < 0) throw new RangeError('singular matrix');
    [work[column], work[pivot]] = [work[pivot] as Uint8Array, work[column] as Uint8Array];
    const lead = work[column] as Uint8Array;
    const factor = exponents[255 - (logarithms[lead[column] as number] as number)] as number;
    for (let at = 0; at < lead.length; at++) lead[at] = multiply(lead[at] as number, factor);
    for (const [index, row] of work.entries()) {
      const amount = row[column] as number;
      if (index === column || amount === 0) continue;
      for (let at = 0; at < row.length; at++)
        row[at] = (row[at] as number) ^ multiply(amount, lead[at] as number);
    }
  }
  return work.map((row) => row.slice(size));
}
