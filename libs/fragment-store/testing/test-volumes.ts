import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { FragmentId } from '#chain';
import { type Damage, openVolumeSet, VolumeAdmin, VolumeScrubs, type VolumeSet } from '../index.js';

/** Memory where there is some: these tests are about files, not about how long a disk takes. */
const TEMPORARY = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();

const SILENT = { info: () => undefined, warn: () => undefined, error: () => undefined };

export interface TestVolumesOptions {
  /** Capacity of each volume; the first one is the provider's own folder. */
  readonly capacities: readonly [number, ...number[]];
  /** Paths of the others; default: folders `volume-1`, … below the data folder. */
  readonly paths?: readonly string[];
  readonly dataDir?: string;
  readonly isExpectedEmpty?: boolean;
  readonly maxDiskErrors?: number;
  readonly moveBytesPerSecond?: number;
}

/** A set of volumes in folders of its own, as a provider has it. */
export class TestVolumes {
  readonly admin: VolumeAdmin;
  /** In the order they were found. */
  readonly damage: [FragmentId, Damage][] = [];

  private constructor(
    readonly set: VolumeSet,
    readonly scrubs: VolumeScrubs,
    readonly dataDir: string,
    readonly options: TestVolumesOptions,
    damage: [FragmentId, Damage][],
  ) {
    this.admin = new VolumeAdmin(set, scrubs);
    this.damage = damage;
  }

  static async open(options: TestVolumesOptions): Promise<TestVolumes> {
    const dataDir = options.dataDir ?? (await mkdtemp(join(TEMPORARY, 'cairn-volumes-')));
    const [first, ...others] = options.capacities;
    const paths = options.paths ?? others.map((_, at) => join(dataDir, `volume-${at + 1}`));
    for (const path of paths) await mkdir(path, { recursive: true });
    const damage: [FragmentId, Damage][] = [];
    const set = await openVolumeSet({
      listFile: join(dataDir, 'volumes.json'),
      owner: '0a'.repeat(32),
      configured: [
        { path: join(dataDir, 'fragments'), capacityBytes: first },
        ...paths.map((path, at) => ({ path, capacityBytes: others[at] ?? 0 })),
      ],
      isExpectedEmpty: async () => options.isExpectedEmpty ?? true,
      maxDiskErrors: options.maxDiskErrors ?? 3,
      moveBytesPerSecond: options.moveBytesPerSecond ?? 2 ** 30,
      lookMs: 60_000,
      onDamage: async (id, kind) => {
        damage.push([id, kind]);
      },
      logger: SILENT,
    });
    const scrubs = new VolumeScrubs(set.registry, {
      bytesPerSecond: 0,
      now: Date.now,
      onSound: async () => undefined,
    });
    return new TestVolumes(set, scrubs, dataDir, options, damage);
  }

  /** Opens the same folders again, whatever became of this one. */
  async reopen(changes: Partial<TestVolumesOptions> = {}): Promise<TestVolumes> {
    return TestVolumes.open({ ...this.options, ...changes, dataDir: this.dataDir });
  }

  async close(): Promise<void> {
    await this.scrubs.stop();
    await this.set.close();
  }

  clean(): Promise<void> {
    return rm(this.dataDir, { recursive: true, force: true });
  }
}
