import type { CodingPlan, CodingStep } from './coding-plan.js';
import { divide, multiply } from './galois-field.js';

/** Values that a step may read: 0 is zero, 1..k are the data rows, above them results in the order of their making. */
type Value = number;
const zero: Value = 0;

/** x + factor * y; a plain sum has factor 1. */
interface Sum {
  readonly x: Value;
  readonly y: Value;
  readonly factor: number;
}

/** What steps cost against one multiplication of the matrix, measured (docs/adr/0023). */
const stepCost = { forward: 2.6, inverse: 2.6, scaledSum: 2.2, sum: 1.3 } as const;

/**
 * The wanted shards of a k-of-n code from its k data shards by additive Fourier transforms; undefined where the matrix
 * takes less. The shards are values of a polynomial of degree < k at the points 0, 1, 2, …, and 0..2^m-1 is a linear
 * subspace of the field: its polynomials are sparse, so values turn into coefficients in a fitting basis, and these into
 * values at other points, in n log n steps (Lin, Chung, Han: Novel Polynomial Basis and Its Application to
 * Reed-Solomon Erasure Codes, FOCS 2014). A k that is no power of two is put together from such blocks.
 */
export function planEncode(k: number, wanted: readonly number[]): CodingPlan | undefined {
  const sums = new SumGraph(k);
  const levels = Math.ceil(Math.log2(k));
  const data = Array.from({ length: k }, (_, at) => 1 + at);
  const coefficients = interpolate(sums, data, 0, levels);
  const block = 1 << levels;
  const padded = Array.from({ length: block }, (_, at) => coefficients[at] ?? zero);
  const offsets = [...new Set(wanted.map((point) => point - (point % block)))];
  const valuesAt = new Map(offsets.map((offset) => [offset, evaluate(sums, padded, offset, levels)]));
  const outputs = wanted.map((point) => valuesAt.get(point - (point % block))?.[point % block] as Value);
  const { steps, scratchRows } = sums.toSteps(outputs);
  const cost = steps.reduce((total, { kind }) => total + stepCost[kind], 0);
  if (cost >= k * wanted.length) return undefined;
  return { kind: 'steps', inputCount: k, outputCount: wanted.length, steps, scratchRows };
}

/** Values at offset..offset+2^levels-1 of the polynomial with these 2^levels coefficients. */
function evaluate(sums: SumGraph, coefficients: readonly Value[], offset: number, levels: number): Value[] {
  if (levels === 0) return [...coefficients];
  const half = 1 << (levels - 1);
  const factor = subspaceValue(levels - 1, offset);
  const low: Value[] = [];
  const high: Value[] = [];
  for (let at = 0; at < half; at++) {
    const y = coefficients[half + at] as Value;
    const sum = sums.add(coefficients[at] as Value, y, factor);
    low.push(sum);
    // Here the subspace polynomial is 1 more than in the lower half.
    high.push(factor === 1 ? (coefficients[at] as Value) : sums.add(sum, y, 1));
  }
  return [...evaluate(sums, low, offset, levels - 1), ...evaluate(sums, high, offset + half, levels - 1)];
}

/** Coefficients, as many as values, of the polynomial that has these values at offset, offset + 1, … */
function interpolate(sums: SumGraph, values: readonly Value[], offset: number, levels: number): Value[] {
  if (levels === 0 || values.length === 0) return [...values];
  const half = 1 << (levels - 1);
  if (values.length <= half) return interpolate(sums, values, offset, levels - 1);
  const low = interpolate(sums, values.slice(0, half), offset, levels - 1);
  const rest = values.slice(half);
  const factor = subspaceValue(levels - 1, offset);
  let upper: Value[];
  if (rest.length === half) {
    const high = interpolate(sums, rest, offset + half, levels - 1);
    upper = high.map((value, at) => sums.add(low[at] as Value, value, 1));
  } else {
    // What the lower half alone would give at the points of the rest; the difference is the upper half's.
    const expected = evaluate(sums, low, offset + half, levels - 1);
    const difference = rest.map((value, at) => sums.add(expected[at] as Value, value, 1));
    upper = interpolate(sums, difference, offset + half, levels - 1);
  }
  const lower = low.map((value, at) => sums.add(value, upper[at] ?? zero, factor));
  return [...lower, ...upper];
}

/** The polynomial that vanishes on 0..2^level-1 and is 1 at 2^level, at a point. */
function subspaceValue(level: number, point: number): number {
  return divide(vanishing(level, point), vanishing(level, 1 << level));
}

function vanishing(level: number, point: number): number {
  let product = 1;
  for (let root = 0; root < 1 << level; root++) product = multiply(product, point ^ root);
  return product;
}

/** Sums written down first and turned into steps when it is known which of them are wanted. */
class SumGraph {
  private readonly sums: Sum[] = [];
  private readonly known = new Map<string, Value>();

  constructor(private readonly inputCount: number) {}

  /** x + factor * y. */
  add(x: Value, y: Value, factor: number): Value {
    if (y === zero || factor === 0) return x;
    if (factor === 1 && x === zero) return y;
    if (factor === 1 && x === y) return zero;
    const key = factor === 1 ? `${Math.min(x, y)},${Math.max(x, y)},1` : `${x},${y},${factor}`;
    const value = this.known.get(key) ?? this.inputCount + this.sums.push({ x, y, factor });
    this.known.set(key, value);
    return value;
  }

  toSteps(outputs: readonly Value[]): { steps: CodingStep[]; scratchRows: number } {
    this.skipDeadHalves(outputs);
    const steps = this.pairUp(this.usesOf(outputs));
    return new RowAllocation(this.inputCount, outputs).place(steps);
  }

  private sumOf(value: Value): Sum | undefined {
    return this.sums[value - this.inputCount - 1];
  }

  /** How often each value is read on the way to the outputs; those never read are not computed. */
  private usesOf(outputs: readonly Value[]): Uint32Array {
    const uses = new Uint32Array(this.inputCount + this.sums.length + 1);
    const count = (value: Value): void => {
      uses[value] = (uses[value] as number) + 1;
    };
    for (const output of outputs) count(output);
    for (let value = uses.length - 1; value > this.inputCount; value--) {
      if (uses[value] === 0) continue;
      const { x, y } = this.sumOf(value) as Sum;
      count(x);
      count(y);
    }
    return uses;
  }

  /** (x + w y) + y, where nobody else wants the part in brackets, is x + (w + 1) y. */
  private skipDeadHalves(outputs: readonly Value[]): void {
    const uses = this.usesOf(outputs);
    for (const [at, sum] of this.sums.entries()) {
      const inner = this.sumOf(sum.x);
      if (sum.factor === 1 && inner?.y === sum.y && inner.factor !== 1 && uses[sum.x] === 1)
        this.sums[at] = { x: inner.x, y: inner.y, factor: inner.factor ^ 1 };
    }
  }

  /** Steps over values; two sums that share their operands become one butterfly. */
  private pairUp(uses: Uint32Array): CodingStep[] {
    const steps: CodingStep[] = [];
    const isDone = new Uint8Array(uses.length);
    const isWanted = (value: Value): boolean => uses[value] !== 0 && isDone[value] === 0;
    const readers = this.readersOf(uses);
    for (let value = this.inputCount + 1; value < uses.length; value++) {
      if (!isWanted(value)) continue;
      const { x, y, factor } = this.sumOf(value) as Sum;
      const isPartner = (other: Value): boolean => {
        const sum = this.sumOf(other) as Sum;
        if (factor !== 1) return sum.factor === 1 && sum.x === value && sum.y === y;
        return sum.factor !== 1 && sum.y === value && (sum.x === x || sum.x === y);
      };
      const partner = readers[value]?.find((other) => isWanted(other) && isPartner(other));
      if (partner !== undefined) isDone[partner] = 1;
      const step = { z0: value, z1: value, x, y, factor };
      if (factor !== 1) {
        if (partner === undefined) steps.push({ ...step, kind: 'scaledSum' });
        else steps.push({ ...step, kind: 'forward', z1: partner });
      } else if (partner === undefined) steps.push({ ...step, kind: 'sum' });
      else {
        const outer = this.sumOf(partner) as Sum;
        const other = outer.x === x ? y : x;
        steps.push({ kind: 'inverse', z0: partner, z1: value, x: outer.x, y: other, factor: outer.factor });
      }
    }
    return steps;
  }

  private readersOf(uses: Uint32Array): Value[][] {
    const readers: Value[][] = Array.from(uses, () => []);
    for (let value = this.inputCount + 1; value < uses.length; value++) {
      if (uses[value] === 0) continue;
      const { x, y } = this.sumOf(value) as Sum;
      readers[x]?.push(value);
      if (x !== y) readers[y]?.push(value);
    }
    return readers;
  }
}

/** Gives values rows: outputs their own, the others a scratch row until they are read for the last time. */
class RowAllocation {
  private readonly rowOf = new Map<Value, number>();
  private readonly firstScratch: number;
  private readonly free: number[] = [];
  private scratchRows = 1;

  constructor(
    inputCount: number,
    private readonly outputs: readonly Value[],
  ) {
    this.firstScratch = inputCount + outputs.length;
    this.rowOf.set(zero, this.firstScratch);
    for (let input = 0; input < inputCount; input++) this.rowOf.set(1 + input, input);
    for (const [at, value] of outputs.entries())
      if (value > inputCount && !this.rowOf.has(value)) this.rowOf.set(value, inputCount + at);
  }

  place(steps: readonly CodingStep[]): { steps: CodingStep[]; scratchRows: number } {
    const lastRead = new Map<Value, number>();
    for (const [at, { x, y }] of steps.entries()) {
      lastRead.set(x, at);
      lastRead.set(y, at);
    }
    const placed = steps.map((step, at) => {
      const x = this.row(step.x);
      const y = this.row(step.y);
      for (const value of new Set([step.x, step.y])) if (lastRead.get(value) === at) this.release(value);
      // A step reads a column before it writes it, so its results may take the rows of its operands.
      const z0 = this.row(step.z0);
      return { ...step, x, y, z0, z1: step.z1 === step.z0 ? z0 : this.row(step.z1) };
    });
    return { steps: [...placed, ...this.copies()], scratchRows: this.scratchRows };
  }

  /** Outputs that equal a data row, nothing, or an earlier output. */
  private copies(): CodingStep[] {
    const firstOutput = this.firstScratch - this.outputs.length;
    return this.outputs.flatMap((value, at) => {
      const x = this.row(value);
      const z0 = firstOutput + at;
      return x === z0 ? [] : [{ kind: 'sum' as const, z0, z1: z0, x, y: this.firstScratch, factor: 1 }];
    });
  }

  private row(value: Value): number {
    const row = this.rowOf.get(value) ?? this.free.pop() ?? this.firstScratch + this.scratchRows++;
    this.rowOf.set(value, row);
    return row;
  }

  private release(value: Value): void {
    const row = this.rowOf.get(value) as number;
    if (row > this.firstScratch) this.free.push(row);
  }
}
