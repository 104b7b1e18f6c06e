import { type Catalogue, type Holding, holdingsOf, versionOf } from '#catalogue';
import type { FragmentId } from '#chain';
import { AppError } from '#errors';
import type { CallOptions, ClientContext } from '../context.js';
import { followContract } from '../contracts/contract-line.js';
import { drop, liveFragments } from '../contracts/drop.js';
import { abandonContracts, assertEnded, endContracts, type NotEnded } from '../transfer/form-contracts.js';
import { contractsOfHolding, fragmentsOfHolding } from './entry-content.js';

/** What nothing of a catalogue lies in any more after a change; contracts as the catalogue names them. */
export interface Released {
  /** Files and packs whose last entry is gone. */
  readonly holdings: readonly Holding[];
  /** Contracts that keep nothing any more: to be ended. */
  readonly contracts: readonly string[];
  /** Contracts that keep something else, too. */
  readonly shared: readonly string[];
  /** Contracts that what stays lies under. */
  readonly needed: ReadonlySet<string>;
  /** Fragments of what is gone that nothing else consists of: what `shared` are to give up. */
  unwanted(): readonly string[];
}

/** What a change of the catalogue sets free. Linear in the files of both. */
export function releasedBy(before: Catalogue, after: Catalogue): Released {
  const kept = holdingsOf(after);
  const keys = new Set(kept.map(keyOf));
  const holdings = holdingsOf(before).filter((holding) => !keys.has(keyOf(holding)));
  const isAnything = holdings.length > 0;
  const needed = new Set(isAnything ? kept.flatMap((holding) => readable(holding, contractsOfHolding)) : []);
  const freed = new Set(holdings.flatMap((holding) => readable(holding, contractsOfHolding)));
  return {
    holdings,
    contracts: [...freed].filter((id) => !needed.has(id)),
    shared: [...freed].filter((id) => needed.has(id)),
    needed,
    unwanted: () => {
      const neededFragments = new Set(kept.flatMap((holding) => readable(holding, fragmentsOfHolding)));
      return holdings
        .flatMap((holding) => readable(holding, fragmentsOfHolding))
        .filter((id) => !neededFragments.has(id));
    },
  };
}

/**
 * Ends what a change set free, and drops its fragments where a contract keeps other files, too.
 * @throws AppError `contract/not-ended` once everything else is done
 */
export async function release(
  context: ClientContext,
  released: Released,
  options: CallOptions = {},
): Promise<{ ended: number }> {
  const now = await releasedNow(context, released);
  const { ending, failed } = await endContracts(context, now.contracts);
  const undropped: AppError[] = [];
  const unwanted = now.shared.size === 0 ? [] : released.unwanted();
  for (const contract of now.shared) {
    try {
      await dropUnwanted(context, contract, unwanted, options);
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      undropped.push(error);
    }
  }
  assertEnded([...now.failed, ...failed]);
  if (undropped[0] !== undefined) throw undropped[0];
  return { ended: ending.length };
}

/** Ends what a change set free as far as that works: what goes on shows up as unused later. */
export async function abandonReleased(context: ClientContext, released: Released): Promise<void> {
  await abandonContracts(context, (await releasedNow(context, released)).contracts);
}

/** What was set free as the contracts are now: what stays may name one by what it was renewed or replaced by, or came from. */
async function releasedNow(
  { ledger }: ClientContext,
  { contracts, shared, needed }: Released,
): Promise<{ contracts: string[]; shared: Set<string>; failed: NotEnded[] }> {
  const now = { contracts: [] as string[], shared: new Set<string>(), failed: [] as NotEnded[] };
  for (const contract of [...contracts, ...shared]) {
    try {
      const { current, isNeeded } = await followContract(ledger, contract, needed);
      if (isNeeded) now.shared.add(current);
      else now.contracts.push(current);
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      now.failed.push({ contract, error });
    }
  }
  return now;
}

async function dropUnwanted(
  context: ClientContext,
  contract: string,
  unwanted: readonly string[],
  options: CallOptions,
): Promise<void> {
  if (unwanted.length === 0) return;
  try {
    const live = await liveFragments(context, contract);
    const here = unwanted.filter((id) => live.has(id as FragmentId));
    if (here.length > 0) await drop(context, contract, here, options);
  } catch (error) {
    // Over: nothing is paid for it. Too much: what stays needs it all the same.
    const isNothingToDo =
      error instanceof AppError &&
      (error.code === 'contract/over' || error.code === 'contract/drop-too-much');
    if (!isNothingToDo) throw error;
  }
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
