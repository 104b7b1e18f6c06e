import { z } from 'zod';
import {
  type AccountId,
  bytes,
  type ContractId,
  decode,
  encode,
  height,
  hexId,
  type NetworkParams,
  oneOf,
  optional,
  struct,
  type TypeOf,
  text,
  u32,
  u63,
} from '#chain';
import {
  bytesToHex,
  type CryptoPort,
  concatBytes,
  hexToBytes,
  taggedHash,
  taggedMessage,
  u32le,
} from '#crypto';
import { hexOf, hexUpTo } from './primitives.js';

/**
 * Where a negotiation stands (docs/protocol/provider-api.md draws it). `proposed` is only ever seen by the client: a
 * provider that was asked has answered, or knows nothing of it.
 */
export const NEGOTIATION_STATES = [
  'proposed',
  'agreed',
  'countered',
  'declined',
  'withdrawn',
  'lapsed',
  'formed',
] as const;
export type NegotiationState = (typeof NEGOTIATION_STATES)[number];

/** Proposals of one negotiation; who has not come to terms by then begins another. */
export const MAX_PROPOSALS = 16;

/** What a provider would sign now: its counter-offer. Base units, epochs, blocks. */
export const counterTermsSchema = struct({
  offerNumber: u63,
  basePerEpoch: u63,
  pricePerGiBEpoch: u63,
  pricePerGiBRead: u63,
  freeReadBytesPerEpoch: u63,
  /** Of the whole price, in 1/10000: the most the provider locks. */
  collateralBps: u32,
  minEpochs: u32,
  maxEpochs: u32,
  payout: hexId<AccountId>(20),
  /** Latest `formBy` it signs. */
  latestFormBy: height,
});
export type CounterTerms = TypeOf<typeof counterTermsSchema>;

/** A provider's answer to a proposal, or what became of the negotiation since. */
export const verdictSchema = struct({
  contract: hexId<ContractId>(32),
  /** Number of the proposal it answers; 0 where there was none. */
  round: u32,
  state: oneOf(NEGOTIATION_STATES),
  /** `proposalHash` of the proposal it answers; zeros where there was none. */
  proposal: bytes(32),
  /** Height of the chain as the provider saw it. */
  height,
  /** Last height at which `form` takes the agreement, or at which the counter-offer's prices hold; 0 otherwise. */
  validUntil: height,
  /** Of the provider, over the agreement (`cairn/agreement/sign`), where it agreed. */
  agreementSignature: optional(bytes(64)),
  counter: optional(counterTermsSchema),
  /** The rule the proposal breaks, where it was countered or declined. */
  rule: text(64),
});
export type Verdict = TypeOf<typeof verdictSchema>;

/** What an agreement is for: a contract of its own, or one that goes on with the list of fragments of another. */
export const ORIGIN_KINDS = ['form', 'renewal', 'replacement'] as const;
export const proposalOriginSchema = struct({
  kind: oneOf(ORIGIN_KINDS),
  /** The contract whose list it goes on with; zeros for a `form`. */
  contract: hexId<ContractId>(32),
});
export type ProposalOrigin = TypeOf<typeof proposalOriginSchema>;

/** A contract of its own, over fragments stored for it. */
export const NEW_CONTRACT: ProposalOrigin = { kind: 'form', contract: '0'.repeat(64) as ContractId };

/** A proposal: which one it is, what it is for, and the encoded agreement (contracts' agreementSchema). */
export interface Proposal {
  readonly round: number;
  readonly origin: ProposalOrigin;
  readonly agreement: Uint8Array;
}

const PROPOSE_TAG = 'cairn/negotiation/propose';

const proposalBytes = ({ round, origin, agreement }: Proposal): Uint8Array =>
  concatBytes(u32le(round), encode(proposalOriginSchema, origin), agreement);

/** What the client signs to propose; of a replacement, the repairer. */
export const proposalMessage = (crypto: CryptoPort, params: NetworkParams, proposal: Proposal): Uint8Array =>
  taggedMessage(crypto, PROPOSE_TAG, params.networkId, proposalBytes(proposal));

/** Names a proposal in its verdict. */
export const proposalHash = (crypto: CryptoPort, params: NetworkParams, proposal: Proposal): Uint8Array =>
  taggedHash(crypto, PROPOSE_TAG, params.networkId, proposalBytes(proposal));

/** What the provider signs with every verdict. */
export const verdictMessage = (
  crypto: CryptoPort,
  params: NetworkParams,
  verdictBytes: Uint8Array,
): Uint8Array => taggedMessage(crypto, 'cairn/negotiation/verdict', params.networkId, verdictBytes);

/** What the client signs to give a negotiation up. */
export const withdrawalMessage = (
  crypto: CryptoPort,
  params: NetworkParams,
  contract: ContractId,
): Uint8Array => taggedMessage(crypto, 'cairn/negotiation/withdraw', params.networkId, hexToBytes(contract));

/** HTTP header with which a client asks for its negotiation: base64url of the time (u63) and its signature. */
export const NEGOTIATION_ASK_HEADER = 'cairn-negotiation-ask';

const askMessage = (
  crypto: CryptoPort,
  params: NetworkParams,
  contract: ContractId,
  time: Uint8Array,
): Uint8Array => taggedMessage(crypto, 'cairn/negotiation/ask', params.networkId, hexToBytes(contract), time);

/** Time (8 bytes) and signature (64 bytes) of a client that asks how its negotiation stands. */
export function signNegotiationAsk(
  crypto: CryptoPort,
  params: NetworkParams,
  contract: ContractId,
  timeMs: number,
  secretKey: Uint8Array,
): Uint8Array {
  const time = encode(u63, BigInt(timeMs));
  return concatBytes(time, crypto.sign(secretKey, askMessage(crypto, params, contract, time)));
}

/** When (milliseconds since 1970) the client asked; undefined where it did not sign this. */
export function verifyNegotiationAsk(
  crypto: CryptoPort,
  params: NetworkParams,
  contract: ContractId,
  source: Uint8Array,
  publicKey: Uint8Array,
): number | undefined {
  if (source.length !== 8 + 64) return undefined;
  const time = source.subarray(0, 8);
  const decoded = decode(u63, time);
  const message = askMessage(crypto, params, contract, time);
  return decoded.ok && crypto.verify({ publicKey, message, signature: source.subarray(8) })
    ? Number(decoded.value)
    : undefined;
}

/** The agreement (contracts' agreementSchema, hex) over the fragments stored under the reservation, in leaf order. */
export const proposalRequest = z
  .object({
    /** 1, then one more for every other proposal. */
    round: z.number().int().min(1).max(MAX_PROPOSALS),
    agreement: hexUpTo(1024),
    /** Absent: a contract of its own. */
    origin: z
      .object({ kind: z.enum(['renewal', 'replacement']), contract: hexOf(32, 'contract id') })
      .optional(),
    /** Empty for a renewal: the provider has the list. */
    fragments: z
      .array(z.object({ id: hexOf(32, 'fragment id'), lengthBytes: z.number().int().positive() }))
      .max(16_384),
    /** The client's, over `proposalMessage`. */
    signature: hexOf(64, 'signature'),
  })
  .meta({ id: 'ProposalRequest' });
export type ProposalRequest = z.infer<typeof proposalRequest>;

/** What a proposal is for, as its request says. */
export function originOf({ origin }: Pick<ProposalRequest, 'origin'>): ProposalOrigin {
  return origin === undefined ? NEW_CONTRACT : { ...origin, contract: origin.contract as ContractId };
}

export const withdrawalRequest = z
  .object({ signature: hexOf(64, 'signature') })
  .meta({ id: 'WithdrawalRequest' });
export type WithdrawalRequest = z.infer<typeof withdrawalRequest>;

/** A verdict and the provider's signature of it. */
export const verdictAnswer = z
  .object({
    state: z.enum(NEGOTIATION_STATES),
    /** Hex of `verdictSchema`. */
    verdict: hexUpTo(1024),
    signature: hexOf(64, 'signature'),
  })
  .meta({ id: 'Verdict' });
export type VerdictAnswer = z.infer<typeof verdictAnswer>;

/** The verdict of an answer; undefined where the provider did not sign it or it is about something else. */
export function openVerdict(
  crypto: CryptoPort,
  params: NetworkParams,
  answer: VerdictAnswer,
  expected: { readonly providerKey: Uint8Array; readonly contract: ContractId },
): Verdict | undefined {
  const body = hexToBytes(answer.verdict);
  const verdict = decode(verdictSchema, body);
  const isSigned = crypto.verify({
    publicKey: expected.providerKey,
    message: verdictMessage(crypto, params, body),
    signature: hexToBytes(answer.signature),
  });
  return verdict.ok && isSigned && verdict.value.contract === expected.contract ? verdict.value : undefined;
}

/** A verdict, signed. */
export function signVerdict(
  crypto: CryptoPort,
  params: NetworkParams,
  verdict: Verdict,
  secretKey: Uint8Array,
): VerdictAnswer {
  const body = encode(verdictSchema, verdict);
  return {
    state: verdict.state,
    verdict: bytesToHex(body),
    signature: bytesToHex(crypto.sign(secretKey, verdictMessage(crypto, params, body))),
  };
}

/** HTTP header that carries the verdict of a declined proposal beside the problem: `verdictToHeader`. */
export const VERDICT_HEADER = 'cairn-verdict';

/** A verdict as a header's value. */
export function verdictToHeader({ state, verdict, signature }: VerdictAnswer): string {
  return `${state}.${verdict}.${signature}`;
}

/** The verdict of a header; undefined where it is none. */
export function headerToVerdict(text: string): VerdictAnswer | undefined {
  const [state, verdict, signature] = text.split('.');
  const parsed = verdictAnswer.safeParse({ state, verdict, signature });
  return parsed.success ? parsed.data : undefined;
}
