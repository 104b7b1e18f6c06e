import { AppError, type Violation, violationToText } from '#errors';

/** What to do about a node that tells what is not so. */
const DO_NOT_TRUST = 'do not rely on this node; ask another one, and tell its operator';

/** The node's chain begins with another block than this network's. */
export function otherGenesis(url: string, found: string, expected: string): AppError {
  return new AppError({
    code: 'light/other-genesis',
    message: `the chain of ${url} begins with block ${found}, this network with ${expected}`,
    next: 'name a node of this network, or the network of this node with --network',
    data: { url, found, expected },
  });
}

/** A header that breaks a rule: without its work, with a wrong target, out of line. */
export function badHeader(url: string, violation: Violation): AppError {
  return new AppError({
    code: 'light/bad-header',
    message: `a header from ${url} is not valid: ${violationToText(violation)}`,
    next: DO_NOT_TRUST,
    data: { url, violation },
  });
}

/** An answer that contradicts the node's own headers. */
export function badProof(url: string, what: string, violation: Violation): AppError {
  return new AppError({
    code: 'light/bad-proof',
    message: `what ${url} says is not proven: ${what} (${violationToText(violation)})`,
    next: DO_NOT_TRUST,
    data: { url, violation },
  });
}

/** The block of a proof is not on the chain with the most work. */
export function otherBranch(
  url: string,
  blockId: string,
  height: number,
  best: string | undefined,
): AppError {
  return new AppError({
    code: 'light/other-branch',
    message: `${url} proves against block ${blockId} at height ${height}, the chain with the most work has ${best ?? 'no block'} there`,
    next: 'ask a node that is on the heavier chain; a node that is merely behind catches up by itself',
    data: { url, blockId, height, best: best ?? null },
  });
}

/** Too few blocks stand on the proven state. */
export function tooFewConfirmations(url: string, confirmations: number, wanted: number): AppError {
  return new AppError({
    code: 'light/too-few-confirmations',
    message: `${url} proves against a block with ${confirmations} confirmations, ${wanted} are wanted`,
    next: 'try again a few blocks later, or ask for fewer with --confirmations',
    data: { url, confirmations, wanted },
  });
}

/** The state of a block that is longer ago than was asked for. */
export function staleProof(url: string, confirmations: number, wanted: number): AppError {
  return new AppError({
    code: 'light/stale-proof',
    message: `${url} proves what was so ${confirmations} blocks ago, ${wanted} were asked for; it may have changed since`,
    next: 'ask another node; one that is merely behind catches up by itself',
    data: { url, confirmations, wanted },
  });
}
