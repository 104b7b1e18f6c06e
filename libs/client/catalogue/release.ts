import { type Catalogue, type Holding, holdingsOf, versionOf } from '#catalogue';
import type { FragmentId } from '#chain';
import { AppError } from '#errors';
import type { CallOptions, ClientContext } from '../context.js';
import { drop, liveFragments } from '../contracts/drop.js';
import { endContracts } from '../transfer/form-contracts.js';
import { contractsOfHolding, fragmentsOfHolding } from './entry-content.js';

/** What nothing of a catalogue lies in any more after a change. */
export interface Released {
  /** Files and packs whose last entry is gone. */
  readonly holdings: readonly Holding[];
  /** Contracts that keep nothing any more: to be ended. */
  readonly contracts: readonly string[];
  /** Contracts that keep something else, too, and the fragments they are to give up. */
  readonly shared: ReadonlyMap<string, readonly string[]>;
}

/** What a change of the catalogue sets free. Linear in the files of both. */
export function releasedBy(before: Catalogue, after: Catalogue): Released {
  const kept = holdingsOf(after);
  const keys = new Set(kept.map(keyOf));
  const holdings = holdingsOf(before).filter((holding) => !keys.has(keyOf(holding)));
  if (holdings.length === 0) return { holdings, contracts: [], shared: new Map() };
  const needed = new Set(kept.flatMap((holding) => readable(holding, contractsOfHolding)));
  const freed = new Set(holdings.flatMap((holding) => readable(holding, contractsOfHolding)));
  const contracts = [...freed].filter((id) => !needed.has(id));
  const shared = new Map<string, readonly string[]>();
  const both = [...freed].filter((id) => needed.has(id));
  if (both.length > 0) {
    const neededFragments = new Set(kept.flatMap((holding) => readable(holding, fragmentsOfHolding)));
    const unwanted = holdings
      .flatMap((holding) => readable(holding, fragmentsOfHolding))
      .filter((id) => !neededFragments.has(id));
    for (const id of both) shared.set(id, unwanted);
  }
  return { holdings, contracts, shared };
}

/** Ends what a change set free, and drops its fragments where a contract keeps other files, too. */
export async function release(
  context: ClientContext,
  { contracts, shared }: Released,
  options: CallOptions = {},
): Promise<{ ended: number }> {
  const submitted = await endContracts(context, contracts);
  for (const [contract, unwanted] of shared) {
    const live = await liveFragments(context, contract);
    const here = unwanted.filter((id) => live.has(id as FragmentId));
    if (here.length > 0) await drop(context, contract, here, options);
  }
  return { ended: submitted.length };
}

/** A pack by its id, which outlives its contracts; a file by its version. */
function keyOf({ pack, entries }: Holding): string {
  const [first] = entries;
  if (pack !== undefined || first === undefined) return pack ?? '';
  return `${versionOf(first)}:${first.storedAt}:${first.path}`;
}

/** A manifest of another version shares no contract with what this one made. */
function readable<T>(holding: Holding, read: (holding: Holding) => T[]): T[] {
  try {
    return read(holding);
  } catch (error) {
    if (error instanceof AppError && error.code === 'catalogue/bad-manifest') return [];
    throw error;
  }
}
