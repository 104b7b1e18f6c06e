import {
  COLUMN_BLOCK_BYTES,
  type ErasureKernel,
  MATRIX_GROUP_ROWS,
  MULTIPLIER_TABLE_BYTES,
  STEP_KINDS,
  STEP_WORDS,
} from '#wasm-kernels';
import type { CodingPlan } from './coding-plan.js';
import { multiply } from './galois-field.js';

/** Memory for the columns of all rows that are in the kernel at once. */
const windowBytes = 4 * 1024 * 1024;
/** What a cipher and a hash take at once without losing time on the call; behind it the rows leave the second cache. */
const maxWidth = 64 * 1024;
/** What a pass of the matrix reads again and again stays in the first cache. */
const matrixInputBytes = 16 * 1024;
const stepStripBytes = 1024;

/** A plan laid out in the memory of a kernel: its rows, and the call that fills the outputs. */
export interface PlanRows {
  /** Columns that fit. */
  readonly width: number;
  readonly inputs: readonly Uint8Array[];
  readonly outputs: readonly Uint8Array[];
  /** Computes the first `width` columns of the outputs; whole blocks, so some behind them change, too. */
  run(width: number): void;
}

/** Writes a plan's tables into the kernel's memory; what lay there before is void. */
export function layOutPlan(kernel: ErasureKernel, plan: CodingPlan): PlanRows {
  const rowCount = plan.inputCount + plan.outputCount;
  // A power of two: BLAKE3 hashes whole subtrees at once only where its pieces are aligned to them.
  const width = Math.min(maxWidth, 2 ** Math.floor(Math.log2(windowBytes / rowCount)));
  const strip =
    plan.kind === 'steps' ? stepStripBytes : wholeBlocks(Math.max(256, matrixInputBytes / plan.inputCount));
  // Rows of 2^n bytes would all begin in the same few places of the cache.
  const stride = width + stepStripBytes + 64;
  const tables = plan.kind === 'steps' ? factorsOfSteps(plan.steps) : packMatrix(plan.rows, plan.inputCount);
  const tablesAt = kernel.freeStart;
  const stepsAt = tablesAt + tables.length * MULTIPLIER_TABLE_BYTES;
  const stepsBytes = plan.kind === 'steps' ? plan.steps.length * STEP_WORDS * 4 : 0;
  const scratchAt = stepsAt + roundUp(stepsBytes, 64);
  const scratchBytes = plan.kind === 'steps' ? plan.scratchRows * strip : 0;
  const rowsAt = scratchAt + roundUp(scratchBytes, 64);
  const memory = kernel.memoryOf(rowsAt + rowCount * stride);

  for (const [at, factor] of tables.entries())
    writeTables(
      new Uint8Array(memory, tablesAt + at * MULTIPLIER_TABLE_BYTES, MULTIPLIER_TABLE_BYTES),
      factor,
    );
  const rows = Array.from(
    { length: rowCount },
    (_, row) => new Uint8Array(memory, rowsAt + row * stride, width),
  );
  const inputs = rows.slice(0, plan.inputCount);
  const outputs = rows.slice(plan.inputCount);

  if (plan.kind === 'matrix') {
    const outputsAt = rowsAt + plan.inputCount * stride;
    return {
      width,
      inputs,
      outputs,
      run: (columns) =>
        kernel.multiplyRows(
          tablesAt,
          rowsAt,
          plan.inputCount,
          outputsAt,
          plan.outputCount,
          stride,
          roundUp(columns, COLUMN_BLOCK_BYTES),
          strip,
        ),
    };
  }
  const addressOf = (row: number): number =>
    row < rowCount ? (rowsAt + row * stride) | 1 : scratchAt + (row - rowCount) * strip;
  const words = new Uint32Array(memory, stepsAt, plan.steps.length * STEP_WORDS);
  for (const [at, { kind, z0, z1, x, y, factor }] of plan.steps.entries()) {
    const table = tablesAt + Math.max(0, tables.indexOf(factor)) * MULTIPLIER_TABLE_BYTES;
    words.set([STEP_KINDS[kind], ...[z0, z1, x, y].map(addressOf), table], at * STEP_WORDS);
  }
  new Uint8Array(memory, scratchAt, strip).fill(0);
  return {
    width,
    inputs,
    outputs,
    run: (columns) =>
      kernel.runSteps(stepsAt, plan.steps.length, roundUp(columns, COLUMN_BLOCK_BYTES), strip),
  };
}

/** The multipliers of a matrix in the order in which the kernel reads their tables. */
function packMatrix(rows: readonly Uint8Array[], inputCount: number): number[] {
  const factors: number[] = [];
  for (let first = 0; first < rows.length; first += MATRIX_GROUP_ROWS)
    for (let input = 0; input < inputCount; input++)
      for (const row of rows.slice(first, first + MATRIX_GROUP_ROWS)) factors.push(row[input] as number);
  return factors;
}

function factorsOfSteps(steps: readonly { factor: number }[]): number[] {
  return [...new Set(steps.map(({ factor }) => factor))];
}

/** Products of a multiplier with the low halves 0..15 and with the high halves of a byte. */
function writeTables(table: Uint8Array, factor: number): void {
  for (let half = 0; half < 16; half++) {
    table[half] = multiply(factor, half);
    table[16 + half] = multiply(factor, half << 4);
  }
}

function roundUp(value: number, multiple: number): number {
  return Math.ceil(value / multiple) * multiple;
}

function wholeBlocks(value: number): number {
  return Math.floor(value / COLUMN_BLOCK_BYTES) * COLUMN_BLOCK_BYTES;
}
