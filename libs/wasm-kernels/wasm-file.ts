import { readFileSync } from 'node:fs';

/** The part of the WebAssembly API used here; the types of Node leave it to those of browsers. */
interface WasmEngine {
  validate(bytes: Uint8Array): boolean;
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (compiled: object) => { readonly exports: unknown };
}

const { WebAssembly: engine } = globalThis as unknown as { readonly WebAssembly: WasmEngine };

/** A compiled file beside this one; undefined where the engine cannot run it or it was not built. */
export function compileWasmFile(name: string): object | undefined {
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(new URL(`./${name}`, import.meta.url));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  return engine.validate(bytes) ? new engine.Module(bytes) : undefined;
}

/** A fresh instance with memory of its own. The caller knows what the file exports. */
export function instantiateWasm<T>(compiled: object): T {
  return new engine.Instance(compiled).exports as T;
}
