import { holdingsOf } from '#catalogue';
import { AppError } from '#errors';
import { loadCatalogue } from '../../catalogue/catalogue-store.js';
import { contractsOfHolding } from '../../catalogue/entry-content.js';
import type { CallOptions, ClientContext } from '../../context.js';
import { followContract } from '../../contracts/contract-line.js';
import { withdrawOpenNegotiations } from '../../negotiation/resume.js';
import { abandonContracts } from '../form-contracts.js';

/** Ends contracts of earlier runs, those aside that something in the catalogue lies under. */
export async function endUnlessNamed(
  context: ClientContext,
  contracts: readonly string[],
  options: CallOptions = {},
): Promise<void> {
  if (contracts.length === 0) return;
  const named = await namedContracts(context, options);
  const unnamed: string[] = [];
  for (const contract of contracts) {
    try {
      // It may be named by what it was renewed or replaced by since.
      const { current, isNeeded } = await followContract(context.ledger, contract, named);
      if (!isNeeded) unnamed.push(current);
    } catch (error) {
      // Shows up as unused later.
      if (!(error instanceof AppError)) throw error;
    }
  }
  await abandonContracts(context, unnamed);
}

/** The same after something else failed: that failure is the one to report. Nothing is ended where the list cannot be had. */
export async function abandonUnlessNamed(
  context: ClientContext,
  contracts: readonly string[],
): Promise<void> {
  try {
    await endUnlessNamed(context, contracts);
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
  }
}

/**
 * Gives up what killed runs left open, uploads that may still go on aside. Answers contracts that came to be all the same
 * and that nothing points at.
 */
export async function tidyUp(context: ClientContext): Promise<string[]> {
  const { resumable, forgotten } = await context.uploads.sweep(context.nowMs());
  const begun = await withdrawOpenNegotiations(context, resumable);
  if (begun.length === 0 && forgotten.length === 0) return [];
  const named = await namedContracts(context);
  // A later run may have gone on with them: what a file lies under must not be called unused.
  const formed = new Set(begun.filter((contract) => !named.has(contract)));
  for (const contract of forgotten) {
    if (named.has(contract)) continue;
    const view = await context.ledger.contract({ id: contract });
    if (view?.status === 'active' && view.endEpoch === view.epochs) formed.add(contract);
  }
  return [...formed];
}

async function namedContracts(context: ClientContext, options: CallOptions = {}): Promise<Set<string>> {
  const { catalogue, contracts } = await loadCatalogue(context, options);
  return new Set([...contracts, ...holdingsOf(catalogue).flatMap(contractsOfHolding)]);
}
