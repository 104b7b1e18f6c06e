import { AppError, type Violation, violationToText } from '#errors';

/** What the sender can do, by the start of a rule's id; the longest match counts. */
const NEXT_STEPS: readonly (readonly [string, string])[] = [
  ['tx/sequence', 'ask for the next sequence number of the lane, sign again and submit'],
  ['tx/signature', 'sign with the key of the sender, for this network'],
  ['coins/too-little', 'put more money into the account or lower the amount'],
  ['mempool/fee-too-low', 'raise the fee to at least minFee and sign again'],
  ['mempool/full', 'raise the fee per byte, or try again after the next blocks'],
  ['mempool/account-limit', 'wait until some of the pending transactions are in a block'],
  ['mempool/conflict', 'nothing to do: the same thing is already waiting for a block'],
  [
    'mempool/replacement-fee',
    'nothing to do if it is the same thing again; to replace what waits, raise the fee to at least minFee',
  ],
  ['mempool/replacement-limit', 'wait for the next block before replacing another transaction'],
  ['mining/', 'ask for a new template and work on that'],
  ['prove/too-early', 'submit the proof again when the window has opened'],
  ['block/unknown-parent', 'submit the parent block first'],
  ['node/time-too-new', 'check the clocks of both machines and submit again later'],
  ['codec/', 'encode it again in the one canonical form'],
];

const DEFAULT_NEXT = 'correct what the rule names and submit again';

/** The refusal of a transaction or block as it leaves the ledger; `data.violation` is plain JSON. */
export function refusedError(violation: Violation): AppError {
  const next = NEXT_STEPS.find(([prefix]) => violation.rule.startsWith(prefix))?.[1] ?? DEFAULT_NEXT;
  return new AppError({
    code: 'ledger/refused',
    message: `refused: ${violationToText(violation)}`,
    next,
    data: { violation: violationToJson(violation) },
  });
}

/** A violation with its bigints as decimal strings. */
export function violationToJson(violation: Violation): Violation {
  const entries = Object.entries(violation).map(([name, value]) => [
    name,
    typeof value === 'bigint' ? value.toString() : value,
  ]);
  return Object.fromEntries(entries) as Violation;
}

/** An account that is neither an address of this network nor a hex id. */
export function badAddress(text: string, violation: Violation, prefix: string): AppError {
  return new AppError({
    code: 'ledger/bad-address',
    message: `'${text.slice(0, 100)}' is no account of this network (${violation.rule})`,
    next: `give an address that starts with ${prefix}1, or 40 lower-case hex digits`,
    data: { account: text.slice(0, 100), violation: violationToJson(violation) },
  });
}
