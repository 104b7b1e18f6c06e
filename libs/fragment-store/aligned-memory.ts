/** What disks and file systems want of memory and lengths that go to the disk directly; 512 is enough for most. */
export const ALIGNMENT_BYTES = 4096;

const WASM_PAGE_BYTES = 65_536;

/** The part of the WebAssembly API used here; the types of Node leave it to those of browsers. */
const { WebAssembly: engine } = globalThis as unknown as {
  readonly WebAssembly: {
    readonly Memory: new (size: { initial: number; maximum: number }) => { readonly buffer: ArrayBuffer };
  };
};

const alignedBuffers = new WeakSet<ArrayBufferLike>();

/** Whether these bytes begin on a border of the disk: whole pages of them can go to it without the page cache. */
export function isAligned(bytes: Uint8Array): boolean {
  return bytes.byteOffset % ALIGNMENT_BYTES === 0 && alignedBuffers.has(bytes.buffer);
}

/**
 * A stretch of memory that begins at a page, cut up once and for all. Buffers of the engine begin sixteen bytes behind
 * one; the memory of a WebAssembly module does not. Untouched parts cost nothing but addresses.
 */
export class AlignedMemory {
  readonly #buffer: ArrayBuffer | undefined;
  #takenBytes = 0;

  constructor(sizeBytes: number) {
    const pages = Math.floor(sizeBytes / WASM_PAGE_BYTES);
    try {
      this.#buffer = new engine.Memory({ initial: pages, maximum: pages }).buffer;
      alignedBuffers.add(this.#buffer);
    } catch {
      // Where the process may not reserve the addresses, everything goes through the page cache as usual.
      this.#buffer = undefined;
    }
  }

  /** A part that nobody else has or will get; undefined where nothing is left. Size: whole pages of 4096 bytes. */
  take(sizeBytes: number): Uint8Array | undefined {
    if (this.#buffer === undefined || this.#takenBytes + sizeBytes > this.#buffer.byteLength)
      return undefined;
    const view = new Uint8Array(this.#buffer, this.#takenBytes, sizeBytes);
    this.#takenBytes += Math.ceil(sizeBytes / ALIGNMENT_BYTES) * ALIGNMENT_BYTES;
    return view;
  }
}
