import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { BlockId, Law } from '#chain';
import { AppError } from '#errors';
import type { LedgerState } from '../chain/ledger-state.js';
import {
  parseSnapshotName,
  readSnapshot,
  type SnapshotPoint,
  snapshotName,
  type WriteProbe,
  writeSnapshot,
} from './snapshot-file.js';

export type { SnapshotPoint } from './snapshot-file.js';

export interface StateSnapshotsOptions {
  readonly folder: string;
  readonly law: Law;
  readonly genesis: BlockId;
  /** Told of files that are not used, and why. */
  readonly onIgnored?: (file: string, why: string) => void;
  /** Lets a test run out of space. */
  readonly probe?: WriteProbe;
}

/** A state that was read back. */
export interface LoadedSnapshot extends SnapshotPoint {
  readonly state: LedgerState;
}

/** The last ones are kept: one that turns out to be damaged, or of a branch that was left, is not the only one. */
const KEPT = 2;

/** Snapshots of the state in a folder, so that a start does not go over all blocks. Losing them costs time only. */
export class StateSnapshots {
  private constructor(
    private readonly options: StateSnapshotsOptions,
    /** Oldest first. */
    private points: readonly SnapshotPoint[],
  ) {}

  /** Looks what is there; parts of snapshots that were never finished are removed. */
  static async open(options: StateSnapshotsOptions): Promise<StateSnapshots> {
    const { folder } = options;
    await mkdir(folder, { recursive: true });
    const points: SnapshotPoint[] = [];
    for (const name of await readdir(folder)) {
      const point = parseSnapshotName(name);
      if (point !== undefined) points.push(point);
      else if (name.endsWith('.snapshot.part')) await rm(join(folder, name), { force: true });
    }
    return new StateSnapshots(options, points.sort(byHeight));
  }

  /** Oldest first. */
  get kept(): readonly SnapshotPoint[] {
    return this.points;
  }

  /** The newest whole one at a point that is wanted; what cannot be read is removed. */
  async newest(isWanted: (point: SnapshotPoint) => boolean): Promise<LoadedSnapshot | undefined> {
    const { law, genesis } = this.options;
    for (const point of this.points.filter(isWanted).reverse()) {
      const state = await readSnapshot(this.path(point), law, genesis, point);
      if (!('why' in state)) return { ...point, state };
      await this.discard(point, state.why);
    }
    return undefined;
  }

  /** Removes one that turned out to be of no use. */
  async discard(point: SnapshotPoint, why: string): Promise<void> {
    this.options.onIgnored?.(this.path(point), why);
    await rm(this.path(point), { force: true });
    this.points = this.points.filter((other) => other !== point && other.id !== point.id);
  }

  /**
   * Writes the state of this moment and lets go of the oldest.
   * @throws AppError `ledger/snapshot-failed`; the ones before are still there
   */
  async take(point: SnapshotPoint, state: LedgerState): Promise<void> {
    if (this.points.some(({ id }) => id === point.id)) return;
    const { law, genesis, probe } = this.options;
    const file = this.path(point);
    try {
      await writeSnapshot(file, law, genesis, point, state.freeze(law.namespaces.values()), probe);
      this.points = [...this.points, point].sort(byHeight);
      for (const old of this.points.slice(0, -KEPT)) await rm(this.path(old), { force: true });
      this.points = this.points.slice(-KEPT);
    } catch (cause) {
      throw new AppError({
        code: 'ledger/snapshot-failed',
        message: `the snapshot ${file} could not be written: ${(cause as Error).message}`,
        next: 'make room or correct the rights of the folder; until then a start takes longer, nothing else',
        data: { file },
        cause,
      });
    }
  }

  private path(point: SnapshotPoint): string {
    return join(this.options.folder, snapshotName(point));
  }
}

function byHeight(a: SnapshotPoint, b: SnapshotPoint): number {
  return a.height - b.height;
}
