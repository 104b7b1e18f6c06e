import { randomBytes } from 'node:crypto';
import type { Agent } from 'node:http';
import type { z } from 'zod';
import { type ContractId, decode, encode, type FragmentId } from '#chain';
import {
  type Agreement,
  agreementSigningMessage,
  encodeAgreement,
  type FragmentEntry,
  type Revision,
  revisionSchema,
  revisionSigningMessage,
  type StorageProof,
  storageProofSchema,
} from '#contracts';
import { bytesToHex, equalBytes, hexToBytes, type KeyPair } from '#crypto';
import { AppError } from '#errors';
import {
  ANY_FRAGMENT,
  auditAnswer,
  encodeVoucher,
  headerToVerdict,
  NEGOTIATION_ASK_HEADER,
  openVerdict,
  type ProposalOrigin,
  proposalHash,
  proposalMessage,
  type Reservation,
  type Room,
  receiptAnswer,
  receiptMessage,
  receiptSchema,
  reservationAnswer,
  reservationMessage,
  reservationSchema,
  revisionAnswer,
  roomAnswer,
  roomMessage,
  roomSchema,
  type SignedTicket,
  signNegotiationAsk,
  signTicket,
  signTicketUse,
  TICKET_HEADER,
  TICKET_USE_HEADER,
  type TicketMethod,
  VERDICT_HEADER,
  type Verdict,
  VOUCHER_HEADER,
  verdictAnswer,
  withdrawalMessage,
} from '#wire';
import type { ClientContext } from '../context.js';
import { type PaidReading, parseDemand } from '../reads/paid-reading.js';
import { exchange, type HttpAnswer } from './http.js';

const TICKET_LIFE_SECONDS = 6 * 3600;
/** A ticket with less left than this is replaced: what is sent under it may take a while. */
const TICKET_RENEWAL_SECONDS = 600;
const MAX_JSON_BYTES = 1 << 20;
/** Vouchers for one read: another read of ours may have used up the one before. */
const MAX_PAYMENTS = 4;

/** What a session needs of its client. */
export type SessionContext = Pick<
  ClientContext,
  'params' | 'crypto' | 'identity' | 'nowMs' | 'requestTimeoutMs'
>;

/** With whom, and about which contract. */
export interface SessionTarget {
  readonly agent: Agent;
  readonly baseUrl: string;
  readonly providerKey: Uint8Array;
  readonly contract: ContractId;
  /** Most bytes any ticket of this session may move. */
  readonly budgetBytes: bigint;
  /** Pays for reads; absent: only what is free is read. */
  readonly reading?: PaidReading;
}

/** Which bytes of a fragment, and how many it has. */
export interface FragmentPart {
  readonly from: number;
  readonly toExclusive: number;
  readonly lengthBytes: number;
  /** Told of them as they come. */
  readonly onBytes?: ((sizeBytes: number) => void) | undefined;
}

/** A proposal as its maker keeps it. */
export interface AgreementProposal {
  readonly round: number;
  readonly origin: ProposalOrigin;
  readonly agreement: Agreement;
  readonly fragments: readonly FragmentEntry[];
}

/** A client's dealings with one provider about one contract, at hand or to come. */
export class ProviderSession {
  private readonly tickets = new Map<TicketMethod, SignedTicket>();
  readonly baseUrl: string;
  readonly providerKey: Uint8Array;
  readonly contract: ContractId;
  /** Signs what is agreed on. */
  private readonly partner: KeyPair;
  /** Signs tickets and uses of them. */
  private readonly reader: KeyPair;

  constructor(
    private readonly context: SessionContext,
    private readonly target: SessionTarget,
  ) {
    const { baseUrl, providerKey, contract } = target;
    this.baseUrl = baseUrl;
    this.providerKey = providerKey;
    this.contract = contract;
    this.partner = context.identity.wallet;
    this.reader = context.identity.content;
  }

  /** Asks for room. */
  async reserve(
    reservation: Reservation,
    options: { replaces?: ContractId; signal?: AbortSignal | undefined } = {},
  ): Promise<z.infer<typeof reservationAnswer>> {
    const { crypto, params } = this.context;
    const { replaces, signal } = options;
    const body = {
      reservation: bytesToHex(encode(reservationSchema, reservation)),
      signature: this.sign(reservationMessage(crypto, params, reservation)),
      ...(replaces === undefined ? {} : { replaces }),
    };
    return this.postJson('/v1/reservations', reservationAnswer, body, {}, signal);
  }

  /** Stores a fragment; resolves once the provider has signed that it is on its disk. */
  async putFragment(fragment: FragmentId, bytes: Uint8Array, signal?: AbortSignal): Promise<void> {
    const answer = await this.send({
      method: 'PUT',
      path: `/v1/fragments/${fragment}`,
      headers: { ...this.ticketHeaders('put', fragment), 'content-type': 'application/octet-stream' },
      body: bytes,
      signal,
      maxAnswerBytes: MAX_JSON_BYTES,
    });
    const { crypto, params } = this.context;
    const { receipt, signature } = this.parse(answer, receiptAnswer);
    const decoded = decode(receiptSchema, hexToBytes(receipt));
    const good =
      decoded.ok &&
      decoded.value.contract === this.contract &&
      decoded.value.fragment === fragment &&
      decoded.value.lengthBytes === bytes.length &&
      crypto.verify({
        publicKey: this.providerKey,
        message: receiptMessage(crypto, params, decoded.value),
        signature: hexToBytes(signature),
      });
    if (!good)
      throw this.badAnswer('provider/bad-receipt', `a receipt for fragment ${fragment} that does not hold`);
  }

  /**
   * Fetches a fragment whole and checks it against its id; pays for it where that is asked for and agreed on.
   * @throws AppError `read/too-dear`, `provider/refused`, `provider/wrong-bytes`
   */
  async getFragment(fragment: FragmentId, lengthBytes: number, signal?: AbortSignal): Promise<Uint8Array> {
    const bytes = await this.readFragment(
      fragment,
      { from: 0, toExclusive: lengthBytes, lengthBytes },
      signal,
    );
    if (bytesToHex(this.context.crypto.blake3(bytes)) === fragment) return bytes;
    throw this.badAnswer('provider/wrong-bytes', `${bytes.length} bytes that are not fragment ${fragment}`);
  }

  /**
   * Fetches bytes of a fragment as they come, unchecked but for their number: for callers that check what they make of
   * them. Only the bytes asked for travel, and only they are paid.
   * @throws AppError `read/too-dear`, `provider/refused`, `provider/wrong-bytes`
   */
  async readFragment(fragment: FragmentId, part: FragmentPart, signal?: AbortSignal): Promise<Uint8Array> {
    const askedBytes = part.toExclusive - part.from;
    const good = askedBytes === part.lengthBytes ? 200 : 206;
    let answer = await this.askForFragment(fragment, part, {}, signal);
    for (let payment = 0; answer.status === 402 && payment < MAX_PAYMENTS; payment++) {
      const voucher = await this.pay(answer, askedBytes);
      answer = await this.askForFragment(fragment, part, voucher, signal);
      if (answer.status !== good && answer.status !== 402) await this.target.reading?.noteRefused();
    }
    if (answer.status === 402) await this.target.reading?.noteRefused();
    if (answer.status >= 300 || answer.status < 200) throw this.refused(answer);
    if (answer.status === good && answer.body.length === askedBytes) return answer.body;
    throw this.badAnswer(
      'provider/wrong-bytes',
      `${answer.body.length} bytes (HTTP ${answer.status}) where ${askedBytes} of fragment ${fragment} were asked for`,
    );
  }

  /**
   * The provider's verdict about an agreement over what it holds, as proposal number `round`. The same proposal again
   * gets the same verdict.
   */
  async propose(
    { round, origin, agreement, fragments }: AgreementProposal,
    signal?: AbortSignal,
  ): Promise<Verdict> {
    const { crypto, params } = this.context;
    const proposal = { round, origin, agreement: encodeAgreement(agreement) };
    const message = proposalMessage(crypto, params, proposal);
    const answer = await this.post(
      '/v1/negotiations',
      {
        round,
        agreement: bytesToHex(proposal.agreement),
        ...(origin.kind === 'form' ? {} : { origin }),
        fragments,
        signature: this.sign(message),
      },
      {},
      signal,
    );
    const verdict = this.verdictOf(answer);
    const isAnswer =
      verdict.round === round &&
      equalBytes(verdict.proposal, proposalHash(crypto, params, proposal)) &&
      (verdict.state !== 'agreed' || this.isAgreed(agreement, verdict.agreementSignature));
    if (isAnswer) return verdict;
    throw this.badAnswer('provider/bad-signature', 'a verdict that does not fit the proposal');
  }

  /** How the negotiation stands with the provider. */
  async negotiation(signal?: AbortSignal): Promise<Verdict> {
    const { crypto, params, nowMs } = this.context;
    const ask = signNegotiationAsk(crypto, params, this.contract, nowMs(), this.partner.secretKey);
    const answer = await this.send({
      method: 'GET',
      path: `/v1/negotiations/${this.contract}`,
      headers: { [NEGOTIATION_ASK_HEADER]: Buffer.from(ask).toString('base64url') },
      signal,
      maxAnswerBytes: MAX_JSON_BYTES,
    });
    return this.verdictOf(answer);
  }

  /** Gives the negotiation up: the provider need not keep its room any longer. */
  async withdraw(signal?: AbortSignal): Promise<Verdict> {
    const { crypto, params } = this.context;
    const signature = this.sign(withdrawalMessage(crypto, params, this.contract));
    const path = `/v1/negotiations/${this.contract}/withdrawal`;
    return this.verdictOf(await this.post(path, { signature }, {}, signal));
  }

  /** Asks for room for fragments to append to the contract. */
  async keepRoom(room: Room, signal?: AbortSignal): Promise<void> {
    const { crypto, params } = this.context;
    const body = {
      room: bytesToHex(encode(roomSchema, room)),
      signature: this.sign(roomMessage(crypto, params, room)),
    };
    await this.postJson(`/v1/contracts/${this.contract}/room`, roomAnswer, body, {}, signal);
  }

  /** Both signatures under a revision; the same revision again gets the same ones. */
  async revise(
    revision: Revision,
    appended: readonly FragmentEntry[],
    signal?: AbortSignal,
  ): Promise<{ readonly clientSignature: Uint8Array; readonly providerSignature: Uint8Array }> {
    const { crypto, params } = this.context;
    const message = revisionSigningMessage(crypto, params, revision);
    const signature = this.sign(message);
    const answer = await this.postJson(
      `/v1/contracts/${this.contract}/revisions`,
      revisionAnswer,
      { revision: bytesToHex(encode(revisionSchema, revision)), appended, signature },
      {},
      signal,
    );
    const providerSignature = hexToBytes(answer.providerSignature);
    if (!crypto.verify({ publicKey: this.providerKey, message, signature: providerSignature })) {
      throw this.badAnswer('provider/bad-signature', 'a signature that does not fit the revision');
    }
    return { clientSignature: hexToBytes(signature), providerSignature };
  }

  /** Hex. */
  private sign(message: Uint8Array): string {
    return bytesToHex(this.context.crypto.sign(this.partner.secretKey, message));
  }

  /** Whether the provider signed an agreement. */
  private isAgreed(agreement: Agreement, signature: Uint8Array | undefined): boolean {
    const { crypto, params } = this.context;
    const message = agreementSigningMessage(crypto, params, agreement);
    return signature !== undefined && crypto.verify({ publicKey: this.providerKey, message, signature });
  }

  private askForFragment(
    fragment: FragmentId,
    { from, toExclusive, lengthBytes, onBytes }: FragmentPart,
    voucher: Record<string, string>,
    signal: AbortSignal | undefined,
  ): Promise<HttpAnswer> {
    const isWhole = toExclusive - from === lengthBytes;
    return this.send({
      method: 'GET',
      path: `/v1/fragments/${fragment}`,
      headers: {
        ...this.ticketHeaders('get', fragment),
        ...voucher,
        ...(isWhole ? {} : { range: `bytes=${from}-${toExclusive - 1}` }),
      },
      signal,
      maxAnswerBytes: Math.max(toExclusive - from, MAX_JSON_BYTES),
      onBytes,
    });
  }

  /** The header that pays what an answer asks for. */
  private async pay(answer: HttpAnswer, sizeBytes: number): Promise<Record<string, string>> {
    const problem = readJson(answer.body) as { data?: unknown } | undefined;
    const demand = parseDemand(problem?.data);
    const { reading } = this.target;
    if (demand === undefined || reading === undefined) throw this.refused(answer);
    const voucher = await reading.pay(demand, sizeBytes);
    return { [VOUCHER_HEADER]: Buffer.from(encodeVoucher(voucher)).toString('base64url') };
  }

  /** Storage proof of chosen chunks, made now. The caller checks them against the contract's root. */
  async audit(chunks: readonly bigint[], signal?: AbortSignal): Promise<StorageProof> {
    const answer = await this.postJson(
      `/v1/contracts/${this.contract}/audits`,
      auditAnswer,
      { chunks: chunks.map(String) },
      this.ticketHeaders('audit', ANY_FRAGMENT),
      signal,
    );
    const proof = decode(storageProofSchema, hexToBytes(answer.proof));
    if (!proof.ok)
      throw this.badAnswer('provider/bad-proof', `a proof that cannot be read (${proof.violation.rule})`);
    return proof.value;
  }

  private ticketHeaders(method: TicketMethod, fragment: FragmentId): Record<string, string> {
    const { crypto, params, nowMs } = this.context;
    const nowSeconds = Math.floor(nowMs() / 1000);
    let signed = this.tickets.get(method);
    if (signed === undefined || Number(signed.ticket.expiresAt) < nowSeconds + TICKET_RENEWAL_SECONDS) {
      signed = signTicket(
        crypto,
        params,
        {
          providerKey: this.providerKey,
          contract: this.contract,
          holderKey: this.reader.publicKey,
          fragment: ANY_FRAGMENT,
          method,
          budgetBytes: this.target.budgetBytes,
          expiresAt: BigInt(nowSeconds + TICKET_LIFE_SECONDS),
          serial: randomBytes(16).toString('hex'),
        },
        this.reader.secretKey,
      );
      this.tickets.set(method, signed);
    }
    const use = { fragment, method, time: BigInt(nowMs()), nonce: randomBytes(16).toString('hex') };
    const useBytes = signTicketUse(crypto, params, signed.bytes, use, this.reader.secretKey);
    return {
      [TICKET_HEADER]: Buffer.from(signed.bytes).toString('base64url'),
      [TICKET_USE_HEADER]: Buffer.from(useBytes).toString('base64url'),
    };
  }

  private async postJson<T extends z.ZodType>(
    path: string,
    schema: T,
    body: unknown,
    headers: Record<string, string> = {},
    signal?: AbortSignal,
  ): Promise<z.infer<T>> {
    return this.parse(await this.post(path, body, headers, signal), schema);
  }

  private post(
    path: string,
    body: unknown,
    headers: Record<string, string>,
    signal?: AbortSignal,
  ): Promise<HttpAnswer> {
    return this.send({
      method: 'POST',
      path,
      headers: { ...headers, 'content-type': 'application/json' },
      body: new TextEncoder().encode(JSON.stringify(body)),
      signal,
      maxAnswerBytes: MAX_JSON_BYTES,
    });
  }

  /** The verdict of an answer: in its body, or beside the problem that tells why it was declined. */
  private verdictOf(answer: HttpAnswer): Verdict {
    const { crypto, params } = this.context;
    const header = answer.headers[VERDICT_HEADER];
    const signed = typeof header === 'string' ? headerToVerdict(header) : this.parse(answer, verdictAnswer);
    const verdict = signed === undefined ? undefined : openVerdict(crypto, params, signed, this);
    if (verdict !== undefined) return verdict;
    throw this.badAnswer('provider/bad-signature', 'a verdict that it did not sign, or about something else');
  }

  private send(call: {
    method: 'GET' | 'PUT' | 'POST';
    path: string;
    headers: Record<string, string>;
    body?: Uint8Array;
    signal?: AbortSignal | undefined;
    maxAnswerBytes: number;
    onBytes?: FragmentPart['onBytes'];
  }): Promise<HttpAnswer> {
    const { path, ...rest } = call;
    return exchange(this.target.agent, {
      ...rest,
      url: this.baseUrl + path,
      timeoutMs: this.context.requestTimeoutMs,
    });
  }

  private parse<T extends z.ZodType>(answer: HttpAnswer, schema: T): z.infer<T> {
    if (answer.status < 200 || answer.status > 299) throw this.refused(answer);
    const parsed = schema.safeParse(readJson(answer.body));
    if (!parsed.success)
      throw this.badAnswer('provider/bad-answer', `an answer of the wrong form (${parsed.error.message})`);
    return parsed.data;
  }

  /** The provider's problem+json as our error; its own rule id stays readable in `data.rule`. */
  private refused(answer: HttpAnswer): AppError {
    const problem = readJson(answer.body) as
      | { code?: unknown; rule?: unknown; detail?: unknown; title?: unknown; data?: unknown }
      | undefined;
    const rule = String(problem?.code ?? problem?.rule ?? `http-${answer.status}`);
    return new AppError({
      code: 'provider/refused',
      message: `The provider at ${this.baseUrl} refused: ${String(problem?.detail ?? problem?.title ?? answer.status)} (${rule}).`,
      next: 'Another provider is used where there is one.',
      data: { origin: this.baseUrl, status: answer.status, rule, details: problem?.data },
    });
  }

  private badAnswer(code: string, what: string): AppError {
    return new AppError({
      code,
      message: `The provider at ${this.baseUrl} sent ${what}.`,
      next: 'It is not used further; another provider is where there is one.',
      data: { origin: this.baseUrl },
    });
  }
}

function readJson(body: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(body)) as unknown;
  } catch {
    return undefined;
  }
}
