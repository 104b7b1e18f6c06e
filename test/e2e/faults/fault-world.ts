import { spawnSync } from 'node:child_process';
import { mkdir, open, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { TestNetwork, type TestProvider } from '../support/network.js';
import { TestRepairer } from '../support/repairer.js';
import { type FaultProxy, startFaultProxy, type WireFault } from './fault-proxy.js';

/** What can be wrong with a provider for a while. */
export type ProviderFault = 'killed' | 'paused' | 'disk-full' | Exclude<WireFault, 'none'>;

export const PROVIDER_FAULTS: readonly ProviderFault[] = [
  'killed',
  'paused',
  'disk-full',
  'cut',
  'hang',
  'slow',
  'lie',
  'deny',
];

/** Room of the small file systems on which a disk can really be full. */
const SMALL_DISK_BYTES = 192 * 2 ** 20;
/** What their providers say they have: less, so that they take part like the others. */
const SMALL_CAPACITY = '160MiB';

/** A network whose providers each stand behind a wire of their own that can fail. */
export class FaultWorld {
  /** What is wrong now, by provider. */
  readonly faults = new Map<number, ProviderFault>();
  /** Disks replaced by empty ones: this provider's old fragments are gone. */
  readonly wiped = new Set<number>();

  private constructor(
    readonly network: TestNetwork,
    readonly repairer: TestRepairer,
    private readonly proxies: readonly FaultProxy[],
    private readonly smallDisks: readonly string[],
  ) {}

  static async start(options: {
    providers: number;
    folder: string;
    settings?: Readonly<Record<string, string>>;
    /** Providers whose fragments lie on a small file system of their own; only root may mount one. */
    smallDisks: number;
  }): Promise<FaultWorld> {
    const { providers, folder } = options;
    let network: TestNetwork | undefined;
    const proxies: FaultProxy[] = [];
    const disks: string[] = [];
    try {
      for (let index = 0; index < providers; index++) {
        proxies.push(await startFaultProxy(() => network?.providers[index]?.url ?? 'http://127.0.0.1:9'));
      }
      for (let index = 0; index < options.smallDisks; index++) {
        const target = fragmentsFolder(join(folder, 'providers', String(index)));
        await mkdir(target, { recursive: true });
        if (!mountSmallDisk(target)) break;
        disks.push(target);
      }
      network = await TestNetwork.start({
        providers,
        folder,
        providerSettings: { ...options.settings },
        settingsOf: (index) => ({
          CAIRN_PUBLIC_URL: proxies[index]?.url ?? '',
          ...(index < disks.length && { CAIRN_PROVIDER_CAPACITY: SMALL_CAPACITY }),
        }),
      });
      return new FaultWorld(network, await TestRepairer.start(network), proxies, disks);
    } catch (error) {
      for (const proxy of proxies) await proxy.close();
      for (const disk of disks) spawnSync('umount', ['-l', disk]);
      await rm(folder, { recursive: true, force: true });
      throw error;
    }
  }

  /** Whether a fault can be made here at all. */
  canInject(fault: ProviderFault, provider: number): boolean {
    return fault !== 'disk-full' || provider < this.smallDisks.length;
  }

  async inject(fault: ProviderFault, provider: number): Promise<void> {
    this.faults.set(provider, fault);
    const { child } = this.provider(provider);
    if (fault === 'killed') await child.kill();
    else if (fault === 'paused') process.kill(child.pid, 'SIGSTOP');
    else if (fault === 'disk-full') await this.fillDisk(provider);
    else this.proxy(provider).set(fault);
  }

  /** Ends whatever is wrong with a provider. */
  async heal(provider: number): Promise<void> {
    const fault = this.faults.get(provider);
    if (fault === undefined) return;
    const target = this.provider(provider);
    if (fault === 'killed') await this.network.restartProvider(target);
    else if (fault === 'paused') process.kill(target.child.pid, 'SIGCONT');
    else if (fault === 'disk-full') await rm(this.fillerOf(provider), { force: true });
    else this.proxy(provider).set('none');
    this.faults.delete(provider);
  }

  /** Turns over a byte of some of a provider's fragments; answers how many. */
  async corrupt(provider: number, most: number): Promise<number> {
    const files = await fragmentFiles(this.provider(provider));
    const chosen = [...files.values()].slice(0, most);
    for (const path of chosen) await flipByte(path);
    return chosen.length;
  }

  /** A disk that died and was replaced by an empty one. */
  async wipe(provider: number): Promise<void> {
    const target = this.provider(provider);
    await target.child.kill();
    for (const path of (await fragmentFiles(target)).values()) await rm(path, { force: true });
    await this.network.restartProvider(target);
    this.wiped.add(provider);
  }

  async stop(): Promise<void> {
    for (const provider of this.faults.keys()) await this.heal(provider).catch(() => undefined);
    // Mounted folders cannot be removed: their processes end first.
    await this.repairer.kill();
    for (const { child } of this.network.providers) await child.stop();
    for (const disk of this.smallDisks) spawnSync('umount', ['-l', disk]);
    try {
      await this.network.stop();
    } finally {
      for (const proxy of this.proxies) await proxy.close();
    }
  }

  provider(index: number): TestProvider {
    const provider = this.network.providers[index];
    if (provider === undefined) throw new Error(`there is no provider ${index}`);
    return provider;
  }

  private proxy(index: number): FaultProxy {
    return this.proxies[index] as FaultProxy;
  }

  private fillerOf(provider: number): string {
    return join(this.smallDisks[provider] as string, 'filler');
  }

  private async fillDisk(provider: number): Promise<void> {
    const zeros = new Uint8Array(1 << 20);
    for (let written = 0; written < 2 * SMALL_DISK_BYTES; written += zeros.length) {
      try {
        await writeFile(this.fillerOf(provider), zeros, { flag: 'a' });
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENOSPC') return;
        throw error;
      }
    }
    throw new Error(`the small disk of provider ${provider} is not small`);
  }
}

/** Where a provider keeps its first volume. */
function fragmentsFolder(dataDir: string): string {
  return join(dataDir, 'fragments');
}

/** Files of a provider's fragments by their ids, in the order of the ids. */
export async function fragmentFiles({ dataDir }: TestProvider): Promise<ReadonlyMap<string, string>> {
  const folder = fragmentsFolder(dataDir);
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const found = entries
    .filter((entry) => entry.isFile() && /^[0-9a-f]{64}$/.test(entry.name))
    .map((entry): [string, string] => [entry.name, join(entry.parentPath, entry.name)]);
  return new Map(found.sort(([a], [b]) => (a < b ? -1 : 1)));
}

async function flipByte(path: string): Promise<void> {
  const handle = await open(path, 'r+');
  try {
    const { size } = await handle.stat();
    const byte = new Uint8Array(1);
    await handle.read(byte, 0, 1, size >> 1);
    await handle.write(Uint8Array.of((byte[0] ?? 0) ^ 0xff), 0, 1, size >> 1);
  } finally {
    await handle.close();
  }
}

function mountSmallDisk(target: string): boolean {
  const args = ['-t', 'tmpfs', '-o', `size=${SMALL_DISK_BYTES}`, 'tmpfs', target];
  return spawnSync('mount', args).status === 0;
}
