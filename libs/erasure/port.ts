/** Shards to be computed from others, some columns at a time, so that nobody needs memory for all of them. */
export interface CodingJob {
  /** Bytes of a shard, > 0. */
  readonly length: number;
  /** Exactly k different indexes. */
  readonly present: readonly number[];
  readonly wanted: readonly number[];
  /**
   * Bytes from..toExclusive-1 of shard `present[at]`. Called in ascending order of `from`, once for each shard and part;
   * the answer is read before the next call.
   */
  read(at: number, from: number, toExclusive: number): Uint8Array;
  /** The same columns of the wanted shards, in their order: views that are valid during the call only. */
  write(from: number, rows: readonly Uint8Array[]): void;
}

/**
 * A k-of-n erasure code over shards of equal length.
 * GF(2^8), polynomial 0x11d, systematic Vandermonde: row i of the code depends on i and k alone, not on n.
 */
export interface ErasureCodec {
  /** Which road this is, for reports. */
  readonly name: string;
  /** Computes shards part by part: what `encode` and `reconstruct` do, for callers that have more to do with each part. */
  code(job: CodingJob): void;
  /** Fills `parity[j]` with shard k+j of the code, for data shards 0..k-1 (k = data.length). All lengths equal, > 0. */
  encode(data: readonly Uint8Array[], parity: readonly Uint8Array[]): void;
  /**
   * Rebuilds the shards named in `wanted` (data or parity indexes) from any k shards present.
   * `shards` has n places, undefined where lost. Throws AppError `erasure/too-few-fragments` below k.
   */
  reconstruct(
    shards: readonly (Uint8Array | undefined)[],
    k: number,
    wanted: readonly number[],
  ): Uint8Array[];
}

/** The two numbers of a profile that the code needs: any k of n fragments are enough. */
export interface CodeShape {
  readonly k: number;
  readonly n: number;
}

/** A segment ready to be stored: n fragments (k sealed data, n-k masked parity) and their BLAKE3 ids. */
export interface SealedSegment {
  /** 16 random bytes, new for every call. */
  readonly segmentId: Uint8Array;
  readonly plainLength: number;
  readonly fragmentLength: number;
  /** n buffers of fragmentLength bytes, each with memory of its own: give it back with `releaseMemory`. */
  readonly fragments: Uint8Array[];
  /** n ids of 32 bytes: BLAKE3 of the stored bytes. */
  readonly fragmentIds: Uint8Array[];
}

export interface SealInput {
  /** 1..segmentCapacity bytes. Consumed: its memory moves to the worker, or is given back when it came from `allocateMemory`
   * (copied only if it is a view of a larger buffer). */
  readonly plain: Uint8Array;
  /** 32 bytes. */
  readonly contentKey: Uint8Array;
  /** 32 bytes. */
  readonly repairKey: Uint8Array;
  readonly profile: CodeShape;
  /** Power of two, 64 KiB to 4 MiB. */
  readonly fragmentSize: number;
}

export interface OpenInput {
  readonly segmentId: Uint8Array;
  readonly plainLength: number;
  readonly fragmentLength: number;
  /** n places, at least k present. Consumed: their memory moves to the worker. */
  readonly fragments: readonly (Uint8Array | undefined)[];
  /** n ids; every fragment given is checked against its own. */
  readonly fragmentIds: readonly Uint8Array[];
  readonly contentKey: Uint8Array;
  /** Needed only when a data fragment is missing. */
  readonly repairKey: Uint8Array;
  readonly profile: CodeShape;
}

export interface OpenRangeInput {
  readonly segmentId: Uint8Array;
  /** Plaintext bytes of the WHOLE segment: says which record is the last one and how long it is. */
  readonly plainLength: number;
  /** 32 bytes. */
  readonly contentKey: Uint8Array;
  /** Index in the segment of the first record given. */
  readonly firstRecord: number;
  /**
   * The sealed stream from the start of `firstRecord` to the end of a record, in order, in as many pieces as it came
   * (the spans of `planRange`, one after the other; a provider that sent less is the caller's to notice). Consumed: not
   * to be used afterwards.
   */
  readonly sealed: readonly Uint8Array[];
}

export interface RepairInput {
  readonly segmentId: Uint8Array;
  readonly fragmentLength: number;
  /** n places, at least k present. Consumed: their memory moves to the worker. */
  readonly fragments: readonly (Uint8Array | undefined)[];
  readonly fragmentIds: readonly Uint8Array[];
  readonly repairKey: Uint8Array;
  readonly profile: CodeShape;
  /** Fragment indexes to rebuild, 0..n-1. */
  readonly missing: readonly number[];
}

/** Seals and opens segments on worker threads. Every failure is an AppError with the fragment or record in `data`. */
export interface SegmentPipeline {
  /** Draws a NEW random segment id, and with it a new key, on every call. */
  sealSegment(input: SealInput): Promise<SealedSegment>;
  /** The plaintext of a segment from any k fragments. No erasure decoding when all data fragments are given. */
  openSegment(input: OpenInput): Promise<Uint8Array>;
  /**
   * The plaintext of the whole records given, without the rest of the segment: for reading ranges. No fragment id is
   * checked, each record is by its tag: AppError `erasure/record-damaged` names the first that fails in `data.record`.
   * A few records are opened on the calling thread, which takes less than the trip to a worker.
   */
  openRange(input: OpenRangeInput): Promise<Uint8Array>;
  /** The missing fragments, in the order asked for, byte for byte as first stored. Needs no content key. */
  repairFragments(input: RepairInput): Promise<Uint8Array[]>;
  /** BLAKE3 of the bytes: the fragment id. Does not consume its input. */
  hashFragment(bytes: Uint8Array): Promise<Uint8Array>;
  /** Ends the workers; calls in flight finish first. Idempotent. */
  close(): Promise<void>;
}
