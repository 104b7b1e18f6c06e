import { AppError, InvariantError } from '#errors';

/** Every exit code and what it says. The numbers are those of BSD's sysexits where one fits. */
export const EXIT_CODES = {
  ok: { code: 0, meaning: 'done' },
  failed: { code: 1, meaning: 'failed, for a reason that no other code names' },
  usage: { code: 2, meaning: 'the command line is wrong' },
  badData: { code: 65, meaning: 'data is damaged or not what it should be' },
  unavailable: { code: 69, meaning: 'a node, or enough providers, cannot be reached' },
  internal: { code: 70, meaning: 'a fault of Cairn: please report it' },
  incomplete: { code: 74, meaning: 'some files could not be read or written; the others are done' },
  tryAgain: { code: 75, meaning: 'did not work now; the same command may work later' },
  permission: { code: 77, meaning: 'not allowed: a passphrase, a file permission, or not your object' },
  config: { code: 78, meaning: 'a setting or the keystore is missing or wrong' },
  interrupted: { code: 130, meaning: 'interrupted by Ctrl-C' },
} as const;

export type ExitName = keyof typeof EXIT_CODES;

/** Exit by error code; a code that ends in `/` stands for all of its area. The first match counts. */
const EXIT_BY_ERROR: readonly (readonly [string, ExitName])[] = [
  ['cli/interrupted', 'interrupted'],
  ['cli/', 'usage'],
  ['fragments/', 'usage'],
  ['ledger/bad-address', 'usage'],
  ['config/', 'config'],
  ['keystore/wrong-passphrase', 'permission'],
  ['keystore/passphrase-needed', 'permission'],
  ['keystore/missing', 'config'],
  ['keystore/not-a-keystore', 'badData'],
  ['keys/bad-phrase', 'badData'],
  ['catalogue/rolled-back', 'tryAgain'],
  ['catalogue/fork', 'badData'],
  ['catalogue/version', 'config'],
  ['catalogue/bad-path', 'usage'],
  ['catalogue/head-unreadable', 'config'],
  ['catalogue/unreadable', 'badData'],
  ['catalogue/unreadable-pointer', 'badData'],
  ['catalogue/bad-manifest', 'badData'],
  ['fetch/wrong-hash', 'badData'],
  ['get/incomplete', 'incomplete'],
  ['get/not-permitted', 'permission'],
  ['fetch/member-damaged', 'badData'],
  ['upload/journals-unreadable', 'permission'],
  ['negotiation/journal-unreadable', 'permission'],
  ['repair/book-unreadable', 'permission'],
  ['manifest/', 'badData'],
  ['supply/unbalanced', 'badData'],
  ['renewals/damaged', 'badData'],
  ['renewals/', 'config'],
  ['proof/forged', 'badData'],
  ['proof/not-yet', 'tryAgain'],
  ['payouts/reorganised', 'tryAgain'],
  ['payouts/bad-request', 'usage'],
  ['market/bad-request', 'usage'],
  ['market/too-few-providers', 'unavailable'],
  ['fetch/too-few-fragments', 'unavailable'],
  ['placement/too-few-providers', 'unavailable'],
  ['light/too-few-confirmations', 'tryAgain'],
  ['ledger/proof-unavailable', 'tryAgain'],
  ['light/bad-request', 'usage'],
  ['light/no-node', 'usage'],
  ['light/cache-failed', 'config'],
  ['light/', 'badData'],
  ['node/timeout', 'tryAgain'],
  ['node/', 'unavailable'],
  ['volume/no-room', 'tryAgain'],
  ['volume/busy', 'tryAgain'],
  ['volume/list-damaged', 'badData'],
  ['volume/not-empty', 'permission'],
  ['volume/', 'usage'],
  ['disk/not-mounted', 'tryAgain'],
  ['provider/unreachable', 'unavailable'],
  ['provider/no-endpoint', 'unavailable'],
  ['http/host-not-allowed', 'config'],
  ['process/', 'unavailable'],
  ['source/changed', 'tryAgain'],
  ['source/not-permitted', 'permission'],
  ['wallet/not-confirmed', 'tryAgain'],
  ['wallet/dropped', 'tryAgain'],
  ['contract/not-ended', 'tryAgain'],
  ['fill/overtaken', 'tryAgain'],
  ['catalogue/outcome-unknown', 'tryAgain'],
  ['data-folder/', 'config'],
];

/** The exit code of an error. */
export function errorToExitCode(error: unknown): number {
  if (!(error instanceof AppError)) return EXIT_CODES.internal.code;
  const found = EXIT_BY_ERROR.find(([pattern]) =>
    pattern.endsWith('/') ? error.code.startsWith(pattern) : error.code === pattern,
  );
  return EXIT_CODES[found?.[1] ?? 'failed'].code;
}

/** Whether an error is our own fault. */
export function isInternal(error: unknown): boolean {
  return error instanceof InvariantError || !(error instanceof AppError);
}
