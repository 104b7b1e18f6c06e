/** The bytes of an upload, taken in one of two ways; either at most once. */
export interface IncomingBody {
  /** As they come. */
  stream(): AsyncIterable<Uint8Array>;
  /** All of them into a buffer of just their length; `onBytes` is told of each part. */
  fill(buffer: Uint8Array, onBytes: (sizeBytes: number) => void): Promise<void>;
}
