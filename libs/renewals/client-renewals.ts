import { holdingName, holdingsOf } from '#catalogue';
import { type CairnClient, contractsOfHolding, renew } from '#client';
import { AppError } from '#errors';
import { type KeptContract, RENEWAL_FEE_AT_MOST } from './renewal-candidates.js';
import type { RenewAction } from './renewal-runner.js';

/**
 * What a client's catalogue keeps, contract by contract: its files', and those of the catalogue itself. Fetched anew
 * only when the catalogue was changed.
 */
export function keptByCatalogue(
  client: CairnClient,
): (signal: AbortSignal) => Promise<readonly KeptContract[]> {
  let known: { readonly sequence: string; readonly kept: readonly KeptContract[] } | undefined;
  return async (signal) => {
    const anchor = await client.context.ledger.anchor({ account: client.address, slot: 'catalogue' });
    const sequence = anchor?.sequence ?? '';
    if (known?.sequence === sequence) return known.kept;
    const { catalogue, contracts } = await client.catalogue({ signal });
    const kept = [
      ...contracts.map((contract) => ({ contract, keeps: '(catalogue)' })),
      ...holdingsOf(catalogue).flatMap((holding) => {
        const keeps = holdingName(holding);
        return contractsOfHolding(holding).map((contract) => ({ contract, keeps }));
      }),
    ];
    known = { sequence, kept };
    return kept;
  };
}

/** Renews by a client's wallet: within the limit, whatever the provider counter-offers. */
export function renewByClient(client: CairnClient): RenewAction {
  return async ({ contract, epochs, most, signal }) => {
    const maxCost = most - RENEWAL_FEE_AT_MOST;
    if (maxCost < 0n) {
      throw new AppError({
        code: 'renewals/limit',
        message: `renewing contract ${contract} may take ${most} base units, less than its fee can be`,
        next: 'raise the limit',
        data: { contract },
      });
    }
    const { renewed } = await renew(client.context, contract, { epochs, maxCost, signal });
    return { successor: renewed };
  };
}
