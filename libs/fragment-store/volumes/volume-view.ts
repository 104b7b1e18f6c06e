import type { FragmentId } from '#chain';

/** What an operator wants of a volume. */
export type VolumeMode = 'active' | 'read-only' | 'draining';
/** What it is: as wanted, away (`offline`), or there and not readable (`failed`). */
export type VolumeState = VolumeMode | 'offline' | 'failed';

/** What reading found wrong with a fragment: changed, gone, or not given out by the disk. */
export type Damage = 'rotten' | 'lost' | 'unreadable';

/** The last time every fragment of a volume was read again. Times in seconds since 1970. */
export interface ScrubResult {
  readonly startedAt: number;
  readonly finishedAt: number;
  readonly fragments: number;
  readonly bytes: number;
  readonly rotten: number;
  readonly lost: number;
  readonly unreadable: number;
}

/** A pass under way: through the first `shard` of 256 parts of the volume. */
export interface ScrubProgress extends Omit<ScrubResult, 'finishedAt'> {
  readonly shard: number;
}

/** A volume as its operator sees it. */
export interface VolumeView {
  readonly id: string;
  readonly path: string;
  readonly state: VolumeState;
  readonly mode: VolumeMode;
  /** Why it is offline, failed, or read-only without having been told to be. */
  readonly why: string | null;
  readonly capacityBytes: number;
  readonly fragments: number;
  /** Bytes of its fragments. */
  readonly usedBytes: number;
  /** What they take on the disk: whole blocks. */
  readonly allocatedBytes: number;
  /** Of the disk it is on; null while it is away. */
  readonly diskFreeBytes: number | null;
  /** Kept free on that disk. */
  readonly reserveBytes: number;
  /** What it may still take. */
  readonly roomBytes: number;
  /** Fragments known to be damaged. */
  readonly rotten: number;
  readonly lost: number;
  readonly unreadable: number;
  /** Errors of the disk since it was opened or made writable. */
  readonly diskErrors: number;
  /** Moving averages; null before the first. */
  readonly readLatencyMs: number | null;
  readonly writeLatencyMs: number | null;
  readonly move: MoveView | null;
  readonly scrub: { readonly running: ScrubProgress | null; readonly last: ScrubResult | null };
}

/** Fragments on their way to other volumes. */
export interface MoveView {
  readonly movedFragments: number;
  readonly movedBytes: number;
  readonly leftFragments: number;
  /** Why it does not go on. */
  readonly problem: string | null;
}

/** Called with everything found wrong, wherever it is found. */
export type OnDamage = (id: FragmentId, damage: Damage, volume: string) => Promise<void>;
