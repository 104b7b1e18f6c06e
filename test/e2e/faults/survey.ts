import { readFile } from 'node:fs/promises';
import { allPages } from '#client';
import { bytesToHex } from '#crypto';
import { nativeCrypto } from '#crypto-native';
import type { ContractView, FragmentEntryView } from '#wire';
import { type CliOptions, cliJson } from '../support/cli.js';
import { type FaultWorld, fragmentFiles } from './fault-world.js';

/** One holder of something stored: a contract that goes on, looked at on its provider's own disk. */
export interface Holder {
  readonly contract: string;
  readonly provider: number;
  /** Every fragment of the contract is on the disk, and each has its hash. */
  readonly isIntact: boolean;
}

/** Who keeps each file, and the catalogue, seen from above: no client and no provider knows this much. */
export type Survey = ReadonlyMap<string, readonly Holder[]>;

interface ContractsAnswer {
  readonly contracts: readonly (ContractView & { readonly keeps: string | null })[];
}

/** Reads the chain and every disk. */
export async function surveyOf(world: FaultWorld, cli: CliOptions): Promise<Survey> {
  const { contracts } = await cliJson<ContractsAnswer>(['contracts'], cli);
  const disks = await Promise.all(world.network.providers.map(fragmentFiles));
  const byAddress = new Map(world.network.providers.map(({ address, index }) => [address, index]));
  const kept = new Map<string, Holder[]>();
  for (const view of contracts) {
    if (view.status !== 'active' || view.keeps === null || view.keeps === '(ending)') continue;
    const provider = byAddress.get(view.providerAddress);
    if (provider === undefined) throw new Error(`nobody knows provider ${view.providerAddress}`);
    const ids = (
      await allPages<FragmentEntryView>((cursor) =>
        world.network.ledger.contractFragments({ id: view.id, cursor, limit: 200 }),
      )
    ).map(({ id }) => id);
    const disk = disks[provider] ?? new Map<string, string>();
    const isIntact = await allIntact(ids, disk);
    const holders = kept.get(view.keeps) ?? [];
    kept.set(view.keeps, [...holders, { contract: view.id, provider, isIntact }]);
  }
  return kept;
}

/** Intact holders of the worst kept of all that is stored. */
export function intactOf(holders: readonly Holder[], without?: number): number {
  return holders.filter(({ provider, isIntact }) => isIntact && provider !== without).length;
}

async function allIntact(ids: readonly string[], disk: ReadonlyMap<string, string>): Promise<boolean> {
  for (const id of ids) {
    if (/^0+$/.test(id)) continue; // dropped
    const path = disk.get(id);
    const bytes = path === undefined ? undefined : await readFile(path).catch(() => undefined);
    if (bytes === undefined || bytesToHex(nativeCrypto.blake3(bytes)) !== id) return false;
  }
  return true;
}
