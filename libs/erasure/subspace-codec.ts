import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { InvariantError } from '#errors';
import type { CodingJob, ErasureCodec } from './port.js';
import { checkIndexes, checkShape, commonLength, presentIndexes } from './shards.js';

/** The part of the WebAssembly API used here; the compiler's `es2023` library leaves it to `dom`. */
declare const WebAssembly: {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object) => { readonly exports: unknown };
};

/** The exports of the wasm that this codec calls: its own documented class copies all n shards in and out. */
interface SubspaceExports {
  readonly memory: { readonly buffer: ArrayBuffer };
  encode(shards: number, length: number, dataShards: number, parityShards: number): number;
  reconstruct(
    shards: number,
    length: number,
    dataShards: number,
    parityShards: number,
    available: number,
    availableLength: number,
  ): number;
  __wbindgen_malloc(length: number): number;
  __wbindgen_free(pointer: number, length: number): void;
}

/** Columns coded per call: the code works byte column by byte column, so wasm memory stays at n x 64 KiB. */
const stripeBytes = 64 * 1024;

let compiled: object | undefined;

/** Reed-Solomon by @subspace's wasm: the oracle, and the road without SIMD. Not for use by two threads: each makes its own. */
export function createSubspaceCodec(): ErasureCodec {
  compiled ??= new WebAssembly.Module(readFileSync(wasmPath()));
  const wasm = new WebAssembly.Instance(compiled).exports as SubspaceExports;
  const window = new WasmWindow(wasm);

  const encode: ErasureCodec['encode'] = (data, parity) => {
    const k = data.length;
    const length = commonLength([...data, ...parity]);
    checkShape(k, k + parity.length);
    for (let from = 0; from < length; from += stripeBytes) {
      const width = Math.min(stripeBytes, length - from);
      window.reserve((k + parity.length) * width);
      for (const [index, shard] of data.entries())
        window.write(index * width, shard.subarray(from, from + width));
      const status = wasm.encode(window.pointer, (k + parity.length) * width, k, parity.length);
      if (status !== 0)
        throw new InvariantError(`Reed-Solomon encode answered ${status} for ${k} of ${k + parity.length}`);
      for (const [index, shard] of parity.entries()) shard.set(window.read((k + index) * width, width), from);
    }
  };

  const reconstructData = (
    shards: readonly (Uint8Array | undefined)[],
    k: number,
    length: number,
  ): Uint8Array[] => {
    const n = shards.length;
    const data = shards.slice(0, k).map((shard) => shard ?? new Uint8Array(length));
    const flags = Uint8Array.from(shards, (shard) => (shard === undefined ? 0 : 1));
    for (let from = 0; from < length; from += stripeBytes) {
      const width = Math.min(stripeBytes, length - from);
      window.reserve(n * width);
      for (const [index, shard] of shards.entries())
        if (shard !== undefined) window.write(index * width, shard.subarray(from, from + width));
      // `reconstruct` frees the flags itself (the package's own class frees them again, which corrupts its heap).
      const flagsPointer = wasm.__wbindgen_malloc(n);
      new Uint8Array(wasm.memory.buffer, flagsPointer, n).set(flags);
      const status = wasm.reconstruct(window.pointer, n * width, k, n - k, flagsPointer, n);
      if (status !== 0)
        throw new InvariantError(`Reed-Solomon reconstruct answered ${status} for ${k} of ${n}`);
      for (let index = 0; index < k; index++)
        if (shards[index] === undefined) data[index]?.set(window.read(index * width, width), from);
    }
    return data;
  };

  const reconstruct: ErasureCodec['reconstruct'] = (shards, k, wanted) => {
    const n = shards.length;
    checkShape(k, n);
    presentIndexes(shards, k);
    const length = commonLength(shards.filter((shard) => shard !== undefined));
    checkIndexes(wanted, k, n);
    const hasAllData = shards.slice(0, k).every((shard) => shard !== undefined);
    const data = hasAllData ? (shards.slice(0, k) as Uint8Array[]) : reconstructData(shards, k, length);
    // The wasm restores data shards only: parity is coded again, up to the highest row asked for.
    const highest = Math.max(-1, ...wanted);
    const parity = Array.from({ length: Math.max(0, highest + 1 - k) }, () => new Uint8Array(length));
    if (parity.length > 0) encode(data, parity);
    return wanted.map((index) => (index < k ? data[index] : parity[index - k]) as Uint8Array);
  };

  const code = ({ length, present, wanted, read, write }: CodingJob): void => {
    if (wanted.length === 0) return;
    const n = Math.max(present.length, ...present, ...wanted) + 1;
    for (let from = 0; from < length; from += stripeBytes) {
      const toExclusive = Math.min(length, from + stripeBytes);
      const shards = new Array<Uint8Array | undefined>(n).fill(undefined);
      // A copy, because `read` may answer with the same memory for every shard (a Buffer's own `slice` makes none).
      for (const [at, index] of present.entries())
        shards[index] = new Uint8Array(read(at, from, toExclusive));
      write(from, reconstruct(shards, present.length, wanted));
    }
  };

  return { name: '@subspace', code, encode, reconstruct };
}

/** One block of wasm memory, grown when a wider code comes by; views are taken anew because memory may grow. */
class WasmWindow {
  pointer = 0;
  private size = 0;

  constructor(private readonly wasm: SubspaceExports) {}

  reserve(size: number): void {
    if (size <= this.size) return;
    if (this.size > 0) this.wasm.__wbindgen_free(this.pointer, this.size);
    this.pointer = this.wasm.__wbindgen_malloc(size);
    this.size = size;
  }

  write(offset: number, source: Uint8Array): void {
    new Uint8Array(this.wasm.memory.buffer, this.pointer + offset, source.length).set(source);
  }

  read(offset: number, length: number): Uint8Array {
    return new Uint8Array(this.wasm.memory.buffer, this.pointer + offset, length);
  }
}

function wasmPath(): string {
  return createRequire(import.meta.url).resolve(
    '@subspace/reed-solomon-erasure.wasm/dist/reed_solomon_erasure_bg.wasm',
  );
}
