import { assertInvariant } from '#errors';
import { compileWasmFile, instantiateWasm } from './wasm-file.js';

/** The builds of the erasure module (assembly/erasure.ts), the fastest first. */
export const ERASURE_VARIANTS = ['relaxed SIMD', 'SIMD'] as const;
export type ErasureVariant = (typeof ERASURE_VARIANTS)[number];

const files: Readonly<Record<ErasureVariant, string>> = {
  'relaxed SIMD': 'erasure-relaxed.wasm',
  SIMD: 'erasure.wasm',
};

/** Bytes of a multiplier's two tables. */
export const MULTIPLIER_TABLE_BYTES = 32;
/** Output rows of a matrix that are computed together: their tables lie side by side. */
export const MATRIX_GROUP_ROWS = 5;
/** Words of a step: kind, z0, z1, x, y, table. */
export const STEP_WORDS = 6;
/** Widths and strips are multiples of this many bytes. */
export const COLUMN_BLOCK_BYTES = 32;

/** The kinds of steps. */
export const STEP_KINDS = { forward: 0, inverse: 1, scaledSum: 2, sum: 3 } as const;

interface ErasureExports {
  readonly memory: { readonly buffer: ArrayBuffer; grow(pages: number): number };
  readonly freeStart: { readonly value: number };
  multiplyRows(
    tables: number,
    inputs: number,
    inputCount: number,
    outputs: number,
    outputCount: number,
    stride: number,
    width: number,
    strip: number,
  ): void;
  runSteps(steps: number, count: number, width: number, strip: number): void;
}

const pageBytes = 64 * 1024;
/** Memory that a caller may ask for: far more than any code with a bounded window needs. */
const maxMemoryBytes = 64 * 1024 * 1024;

/** GF(2^8) over rows of bytes in one instance's memory, which the caller lays out from `freeStart` on. */
export interface ErasureKernel {
  readonly variant: ErasureVariant;
  readonly freeStart: number;
  /** Memory of at least that many bytes; views of it made before a call are void. */
  memoryOf(sizeBytes: number): ArrayBuffer;
  readonly multiplyRows: ErasureExports['multiplyRows'];
  readonly runSteps: ErasureExports['runSteps'];
}

const compiled = new Map<ErasureVariant, object | undefined>();

/** A kernel with memory of its own, for one thread; undefined where the engine cannot run that variant. */
export function createErasureKernel(variant: ErasureVariant): ErasureKernel | undefined {
  if (!compiled.has(variant)) compiled.set(variant, compileWasmFile(files[variant]));
  const code = compiled.get(variant);
  if (code === undefined) return undefined;
  const { memory, freeStart, multiplyRows, runSteps } = instantiateWasm<ErasureExports>(code);
  return {
    variant,
    freeStart: freeStart.value,
    memoryOf: (sizeBytes) => {
      assertInvariant(
        sizeBytes <= maxMemoryBytes,
        `${sizeBytes} bytes of kernel memory were asked for, ${maxMemoryBytes} are the most`,
      );
      const missing = sizeBytes - memory.buffer.byteLength;
      if (missing > 0) memory.grow(Math.ceil(missing / pageBytes));
      return memory.buffer;
    },
    multiplyRows,
    runSteps,
  };
}
