import { type ContractId, decode, type FragmentId, isHexId } from '#chain';
import { type Agreement, agreementSchema, agreementSigningMessage, contractIdOf } from '#contracts';
import { bytesToHex, hexToBytes } from '#crypto';
import { accepted, type Result, refused, type Violation } from '#errors';
import {
  originOf,
  type ProposalOrigin,
  type ProposalRequest,
  proposalHash,
  proposalMessage,
  signVerdict,
  type Verdict,
  type VerdictAnswer,
  verifyNegotiationAsk,
  withdrawalMessage,
} from '#wire';
import type { ChainWatch } from '../chain/chain-watch.js';
import { nowSeconds, type ProviderContext } from '../provider-context.js';
import type { Redeemer } from '../reads/redeemer.js';
import { type ContractRecord, partnerOf } from '../records/contract-record.js';
import type { NegotiationRecord } from '../records/negotiation-records.js';
import { AgreementJudge, type Judgement } from './agreement-judge.js';
import { Renewals } from './renewals.js';

/** How far the clock of somebody who asks may be from ours. */
const TIME_WINDOW_MS = 60_000;
const NO_PROPOSAL = '0'.repeat(64);

/** A verdict, and for a declined proposal the rule it broke. */
export interface NegotiationAnswer {
  readonly answer: VerdictAnswer;
  readonly violation?: Violation | undefined;
}

/** Gives back what a reservation holds. */
export type FreeRoom = (contract: ContractId, why: string) => Promise<void>;

/**
 * Negotiations over what was stored. Every verdict is on the disk before it leaves, so that a step repeated after a
 * kill of either side gets the same answer. A negotiation lives in its reservation, and is bounded like those.
 */
export class Negotiations {
  readonly #context: ProviderContext;
  readonly #judge: AgreementJudge;
  readonly #watch: ChainWatch;
  readonly #freeRoom: FreeRoom;
  readonly #renewals: Renewals;
  /** One step at a time: the sum of promised collateral must be exact. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(context: ProviderContext, watch: ChainWatch, redeemer: Redeemer, freeRoom: FreeRoom) {
    this.#context = context;
    this.#watch = watch;
    this.#judge = new AgreementJudge(context, watch, redeemer);
    this.#freeRoom = freeRoom;
    this.#renewals = new Renewals(context);
  }

  /**
   * The verdict about a proposal; the same proposal again gets the same verdict.
   * @throws AppError `provider/no-offer`, and the node's errors while it cannot be asked
   */
  propose(request: ProposalRequest): Promise<Result<NegotiationAnswer>> {
    return this.inTurn(() => this.#propose(request));
  }

  /** Gives a negotiation up; its room is free at once where nothing was signed. Again: the same answer. */
  withdraw(contract: string, signature: string): Promise<Result<NegotiationAnswer>> {
    return this.inTurn(() => this.#withdraw(contract, signature));
  }

  /** Runs a step that promises something after those before it. */
  inTurn<T>(step: () => Promise<T>): Promise<T> {
    const done = this.#turn.catch(() => undefined).then(step);
    this.#turn = done;
    return done;
  }

  /** How a negotiation stands, for its client only. */
  state(contract: string, ask: string | undefined): Result<NegotiationAnswer> {
    const found = this.#find(contract);
    if (found === undefined) return refused({ rule: 'contract/unknown', contract: contract.slice(0, 64) });
    if (ask === undefined) return refused({ rule: 'negotiation/unsigned', contract });
    const { crypto, params, now } = this.#context;
    const time = verifyNegotiationAsk(
      crypto,
      params,
      contract as ContractId,
      new Uint8Array(Buffer.from(ask.slice(0, 200), 'base64url')),
      hexToBytes(found.clientKey),
    );
    if (time === undefined) return refused({ rule: 'negotiation/signature', client: found.clientKey });
    if (Math.abs(time - now()) > TIME_WINDOW_MS) {
      return refused({ rule: 'negotiation/time', time, now: now(), windowMs: TIME_WINDOW_MS });
    }
    const negotiation = found.ended ?? this.#current(found.record as ContractRecord);
    return negotiation === undefined
      ? refused({ rule: 'negotiation/none', contract })
      : accepted({ answer: negotiation.answer });
  }

  /** Remembers for a while how a negotiation ended whose reservation is about to be forgotten. */
  async end(record: ContractRecord): Promise<void> {
    const { negotiation } = record;
    if (negotiation === undefined || record.state === 'formed' || record.state === 'settled') return;
    const ended =
      negotiation.state === 'withdrawn'
        ? negotiation
        : this.#with(record.id, negotiation, { state: 'lapsed' });
    await this.#context.records.negotiations.save(
      record.id,
      partnerOf(record),
      ended,
      nowSeconds(this.#context),
    );
  }

  async #propose(request: ProposalRequest): Promise<Result<NegotiationAnswer>> {
    const { crypto, params, records } = this.#context;
    const bytes = hexToBytes(request.agreement);
    const decoded = decode(agreementSchema, bytes);
    if (!decoded.ok) return refused({ rule: 'agreement/malformed', why: decoded.violation.rule });
    const agreement = decoded.value;
    const id = contractIdOf(crypto, params, agreement);
    const found = records.contract(id);
    const origin = originOf(request);
    const proposer = proposerOf(agreement, origin, found);
    const proposed = { round: request.round, origin, agreement: bytes };
    const isProposed = crypto.verify({
      publicKey: hexToBytes(proposer),
      message: proposalMessage(crypto, params, proposed),
      signature: hexToBytes(request.signature),
    });
    if (!isProposed) return refused({ rule: 'agreement/signature', client: proposer });
    const proposal = bytesToHex(proposalHash(crypto, params, proposed));
    const known = records.negotiations.find(id)?.negotiation ?? found?.negotiation;
    if (known?.proposal === proposal) return accepted({ answer: known.answer, violation: known.violation });
    if (known?.state === 'withdrawn' || known?.state === 'lapsed') {
      return refused({ rule: 'negotiation/over', contract: id, state: known.state });
    }
    const opened =
      found === undefined && origin.kind === 'renewal'
        ? await this.#renewals.open(id, agreement, origin)
        : accepted(found);
    if (!opened.ok) return opened;
    const record = opened.value;
    if (record === undefined) return refused({ rule: 'agreement/no-reservation', contract: id });
    if (record.state === 'formed' || record.state === 'settled') {
      return refused({ rule: 'agreement/already-formed', contract: id });
    }
    if (!isOrigin(record, origin)) {
      return refused({ rule: 'negotiation/origin', contract: id, kind: origin.kind, from: origin.contract });
    }
    const next = (known?.round ?? 0) + 1;
    if (request.round !== next) {
      return refused({ rule: 'negotiation/round', contract: id, round: request.round, expected: next });
    }
    const entries = request.fragments.map(({ id, lengthBytes }) => ({ id: id as FragmentId, lengthBytes }));
    const judgement = await this.#judge.judge(record, agreement, entries, known?.promised);
    return this.#answer(record, { round: request.round, proposal }, agreement, judgement);
  }

  /** Remembers the verdict before it leaves: what was signed must be kept. */
  async #answer(
    record: ContractRecord,
    request: { readonly round: number; readonly proposal: string },
    agreement: Agreement,
    judgement: Judgement,
  ): Promise<Result<NegotiationAnswer>> {
    const { records } = this.#context;
    const { id } = record;
    if (judgement.outcome === 'agree') {
      await records.lists.save(id, bytesToHex(agreement.root), judgement.entries);
    }
    // The reservation may have lapsed meanwhile, and its fragments with it.
    const current = records.contract(id);
    if (current === undefined) {
      await records.forget(id);
      const { expiresAt } = record;
      return refused({
        rule: 'agreement/reservation-expired',
        contract: id,
        expiresAt,
        now: nowSeconds(this.#context),
      });
    }
    const isAgreed = judgement.outcome === 'agree';
    const signature = isAgreed ? this.#signAgreement(agreement) : undefined;
    const negotiation = this.#verdict(id, request, agreement, judgement, signature);
    await records.save({
      ...current,
      ...(isAgreed ? agreedTo(current, agreement, judgement.returned) : {}),
      negotiation,
    });
    return accepted({ answer: negotiation.answer, violation: negotiation.violation });
  }

  #verdict(
    contract: ContractId,
    { round, proposal }: { readonly round: number; readonly proposal: string },
    agreement: Agreement,
    judgement: Judgement,
    agreementSignature: Uint8Array | undefined,
  ): NegotiationRecord {
    const { outcome, height } = judgement;
    const about = { contract, round, proposal: hexToBytes(proposal), height, counter: undefined, rule: '' };
    if (outcome === 'agree') {
      const validUntil = agreement.formBy;
      return this.#sign({ ...about, state: 'agreed', validUntil, agreementSignature });
    }
    const { violation } = judgement;
    const broken = { ...about, rule: violation.rule, agreementSignature: undefined };
    if (outcome === 'decline') {
      return { ...this.#sign({ ...broken, state: 'declined', validUntil: 0 }), violation };
    }
    const { terms } = judgement;
    const validUntil = height + this.#context.limits.counterOfferBlocks;
    const { basePerEpoch, pricePerGiBEpoch, pricePerGiBRead, freeReadBytesPerEpoch } = terms;
    return {
      ...this.#sign({ ...broken, state: 'countered', validUntil, counter: terms }),
      promised: { basePerEpoch, pricePerGiBEpoch, pricePerGiBRead, freeReadBytesPerEpoch, validUntil },
    };
  }

  async #withdraw(contract: string, signature: string): Promise<Result<NegotiationAnswer>> {
    const { crypto, params, records } = this.#context;
    const found = this.#find(contract);
    if (found === undefined) return refused({ rule: 'contract/unknown', contract: contract.slice(0, 64) });
    const id = contract as ContractId;
    const isSigned = crypto.verify({
      publicKey: hexToBytes(found.clientKey),
      message: withdrawalMessage(crypto, params, id),
      signature: hexToBytes(signature),
    });
    if (!isSigned) return refused({ rule: 'negotiation/signature', client: found.clientKey });
    const { record, ended } = found;
    if (record === undefined) return accepted({ answer: (ended as NegotiationRecord).answer });
    if (record.state === 'formed' || record.state === 'settled') {
      return refused({ rule: 'agreement/already-formed', contract: id });
    }
    const before = ended ?? record.negotiation;
    const withdrawn = before?.state === 'withdrawn' ? before : this.#with(id, before, { state: 'withdrawn' });
    await records.save({ ...record, negotiation: withdrawn });
    // What was signed may still be put on chain: its fragments are kept until that is too late.
    if (record.state === 'reserved') await this.#freeRoom(id, 'withdrawn');
    return accepted({ answer: withdrawn.answer });
  }

  /** The negotiation as its contract on chain shows it. */
  #current({ id, state, negotiation }: ContractRecord): NegotiationRecord | undefined {
    return state === 'formed' || state === 'settled'
      ? this.#with(id, negotiation, { state: 'formed' })
      : negotiation;
  }

  /** The negotiation in another state, signed anew. */
  #with(
    contract: ContractId,
    before: NegotiationRecord | undefined,
    change: Pick<Verdict, 'state'>,
  ): NegotiationRecord {
    return this.#sign({
      contract,
      round: before?.round ?? 0,
      proposal: hexToBytes(before?.proposal ?? NO_PROPOSAL),
      height: this.#watch.tip?.height ?? 0,
      validUntil: 0,
      agreementSignature: undefined,
      counter: undefined,
      rule: '',
      ...change,
    });
  }

  #sign(verdict: Verdict): NegotiationRecord {
    const { crypto, keys, params } = this.#context;
    const { round, state, proposal } = verdict;
    const answer = signVerdict(crypto, params, verdict, keys.secretKey);
    return { round, state, proposal: bytesToHex(proposal), answer };
  }

  #signAgreement(agreement: Agreement): Uint8Array {
    const { crypto, keys, params } = this.#context;
    return crypto.sign(keys.secretKey, agreementSigningMessage(crypto, params, agreement));
  }

  #find(contract: string):
    | {
        readonly clientKey: string;
        readonly record: ContractRecord | undefined;
        readonly ended: NegotiationRecord | undefined;
      }
    | undefined {
    if (!isHexId(contract, 32)) return undefined;
    const { records } = this.#context;
    const record = records.contract(contract as ContractId);
    const ended = records.negotiations.find(contract as ContractId);
    const clientKey = (record && partnerOf(record)) ?? ended?.clientKey;
    return clientKey === undefined ? undefined : { clientKey, record, ended: ended?.negotiation };
  }
}

/** Hex of the key that must have signed a proposal: the repairer's where it gives a contract to another provider. */
function proposerOf(
  { clientKey }: Agreement,
  origin: ProposalOrigin,
  record: ContractRecord | undefined,
): string {
  return origin.kind === 'replacement' && record?.repairKey !== undefined
    ? record.repairKey
    : bytesToHex(clientKey);
}

/** Whether a reservation was made for this purpose. */
function isOrigin({ origin }: ContractRecord, asked: ProposalOrigin): boolean {
  return origin === undefined
    ? asked.kind === 'form'
    : origin.kind === asked.kind && origin.contract === asked.contract;
}

/** What an agreement makes of its contract's record. */
function agreedTo(
  { agreement: previous, repairKey }: ContractRecord,
  agreement: Agreement,
  returned: bigint,
): Partial<ContractRecord> {
  const { formBy, totalBytes, repair } = agreement;
  const collateral = agreement.collateral > returned ? agreement.collateral - returned : 0n;
  const root = bytesToHex(agreement.root);
  const repairer = repair === undefined ? repairKey : bytesToHex(repair.key);
  return {
    state: 'agreed',
    root,
    ...(repairer === undefined ? {} : { repairKey: repairer }),
    agreement: {
      root,
      // The client may still register the agreement before this one.
      formBy: Math.max(formBy, previous?.formBy ?? 0),
      collateral:
        previous !== undefined && previous.collateral > collateral ? previous.collateral : collateral,
      totalBytes,
    },
  };
}
