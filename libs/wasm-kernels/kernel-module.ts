import { compileWasmFile, instantiateWasm } from './wasm-file.js';

/** A number the module exports. */
interface Address {
  readonly value: number;
}

/** What the wasm module exports: functions over fixed buffers whose addresses are globals. */
export interface KernelExports {
  readonly memory: { readonly buffer: ArrayBuffer };
  readonly nonceHeaders: Address;
  readonly hitVariant: Address;
  readonly hitLanes: Address;
  prepareNonces(variantCount: number): void;
  searchNonces(from: number, groups: number, top: number, variantCount: number): number;
  readonly sha256PairsInput: Address;
  readonly sha256PairsOutput: Address;
  compressSha256Pairs(count: number): void;
  compressSha256Leaves(count: number): void;
  readonly blake3PairsKey: Address;
  readonly blake3PairsInput: Address;
  readonly blake3PairsOutput: Address;
  compressBlake3Pairs(count: number): void;
  readonly blake3ShortLengths: Address;
  compressBlake3Short(count: number): void;
  readonly blake3ChunksInput: Address;
  readonly blake3ChunkLengths: Address;
  readonly blake3ChunkCounters: Address;
  readonly blake3ChunkRoots: Address;
  readonly blake3ChunksOutput: Address;
  compressBlake3Chunks(count: number): void;
  readonly blake3ParentsInput: Address;
  readonly blake3ParentRoots: Address;
  readonly blake3ParentsOutput: Address;
  compressBlake3Parents(count: number): void;
}

let compiled: object | undefined | 'none';

/**
 * A fresh instance of the kernels, with memory of its own; undefined where this engine has no SIMD, or where the file
 * was not built: every caller has a scalar road.
 */
export function instantiateKernels(): KernelExports | undefined {
  compiled ??= compileWasmFile('kernels.wasm') ?? 'none';
  if (typeof compiled === 'string') return undefined;
  return instantiateWasm<KernelExports>(compiled);
}

/** Whether the kernels run on this machine. */
export function isSimdAvailable(): boolean {
  compiled ??= compileWasmFile('kernels.wasm') ?? 'none';
  return compiled !== 'none';
}
