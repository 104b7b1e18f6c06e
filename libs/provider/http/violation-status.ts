import { AppError, type Violation, violationToText } from '#errors';
import type { StatusTable } from '#http';

/** The rules a request can break, with the HTTP status each is answered with. Others are 422. */
const RULES: StatusTable = {
  'ticket/missing': 401,
  'ticket/malformed': 401,
  'ticket/forged': 401,
  'ticket/use-missing': 401,
  'ticket/use-malformed': 401,
  'ticket/use-signature': 401,
  'ticket/use-time': 401,
  'ticket/expired': 403,
  'ticket/other-provider': 403,
  'ticket/other-contract': 403,
  'ticket/other-fragment': 403,
  'ticket/method': 403,
  'ticket/use-other': 403,
  'ticket/over-budget': 403,
  'ticket/too-many': 429,
  'ticket/replayed': 409,
  'contract/unknown': 404,
  'contract/closed': 409,
  'fragment/id': 400,
  'fragment/empty': 400,
  'fragment/length-required': 411,
  'fragment/too-large': 413,
  'fragment/range': 416,
  'fragment/not-in-contract': 404,
  'fragment/busy': 503,
  'fragment/lost': 410,
  'fragment/corrupt': 410,
  'reservation/signature': 401,
  'reservation/taken': 409,
  'reservation/expired': 410,
  'reservation/too-many': 429,
  'reservation/no-room': 507,
  'agreement/signature': 401,
  'agreement/no-reservation': 404,
  'agreement/already-formed': 409,
  'agreement/already-signed': 409,
  'agreement/other-list': 409,
  'reservation/not-repairer': 403,
  'reservation/no-cause': 409,
  'renewal/not-client': 403,
  'renewal/not-active': 409,
  'renewal/too-many': 429,
  'renewal/reads-open': 409,
  'read/unpaid': 402,
  'read/uncovered': 402,
  'read/voucher': 401,
  'revision/signature': 401,
  'revision/not-active': 409,
  'revision/number': 409,
  'revision/too-many': 429,
  'revision/too-often': 409,
  'revision/price': 409,
  'revision/ending': 409,
  'revision/not-now': 503,
  'revision/no-room': 507,
  'negotiation/origin': 409,
  'negotiation/unsigned': 401,
  'negotiation/signature': 401,
  'negotiation/time': 401,
  'negotiation/none': 404,
  'negotiation/over': 409,
  'negotiation/round': 409,
  'agreement/reservation-expired': 410,
};

/** Statuses of the provider's errors. */
export const PROVIDER_STATUS_TABLE: StatusTable = {
  ...RULES,
  'provider/no-offer': 503,
  'node/unreachable': 503,
  'node/timeout': 503,
  'node/bad-answer': 503,
  'fragment-store/full': 507,
  'fragment-store/disk-full': 507,
  'fragment-store/failed': 503,
  'disk/not-mounted': 503,
  'volume/unknown': 404,
  'volume/ambiguous': 409,
  'volume/known': 409,
  'volume/nested': 409,
  'volume/other-provider': 409,
  'volume/last': 409,
  'volume/not-empty': 409,
  'volume/busy': 409,
  'volume/no-room': 409,
  'volume/path': 422,
  'volume/capacity': 422,
};

const NEXT: readonly (readonly [string, string])[] = [
  ['ticket/use-', 'sign this use anew with the key of the ticket’s holder, the right time and a fresh nonce'],
  ['ticket/replayed', 'draw a fresh nonce for every request'],
  ['ticket/too-many', 'use a ticket more than once; the used ones are forgotten when they expire'],
  ['ticket/', 'ask the owner of the contract for a ticket that covers this request'],
  ['fragment/busy', 'take what was asked for before asking for more, or try again in a moment'],
  ['fragment/mismatch', 'send the bytes whose BLAKE3 hash is the id in the path'],
  ['fragment/corrupt', 'read the fragment’s siblings from other providers'],
  ['fragment/lost', 'read the fragment’s siblings from other providers'],
  ['fragment/', 'correct the request; docs/protocol/provider-api.md lists what is accepted'],
  [
    'read/unpaid',
    'sign a voucher over neededTotal with the contract’s ticket key and send it in Cairn-Voucher',
  ],
  ['read/uncovered', 'add coins for reads to the contract (`revise`), or end it'],
  ['read/voucher', 'sign the voucher with the contract’s ticket key'],
  ['reservation/no-room', 'ask another provider'],
  ['negotiation/over', 'reserve under another nonce and propose there'],
  ['negotiation/round', 'ask how the negotiation stands and number the next proposal after it'],
  ['negotiation/', 'sign the request with the key of the contract’s client and the right time'],
];

/** A broken rule as the error the HTTP layer answers with. */
export function violationToError(violation: Violation): AppError {
  const { rule, ...data } = violation;
  const next = NEXT.find(([prefix]) => rule.startsWith(prefix))?.[1];
  return new AppError({
    code: rule,
    message: violationToText(violation),
    next: next ?? 'see docs/protocol/provider-api.md for this rule',
    data,
  });
}

/** Whether a rule has a status of its own. */
export function hasOwnStatus(rule: string): boolean {
  return rule in RULES;
}
