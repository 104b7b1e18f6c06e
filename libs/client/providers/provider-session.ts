import { randomBytes } from 'node:crypto';
import type { Agent } from 'node:http';
import type { z } from 'zod';
import { type ContractId, decode, encode, type FragmentId } from '#chain';
import {
  type Agreement,
  agreementSigningMessage,
  encodeAgreement,
  type FragmentEntry,
  type StorageProof,
  storageProofSchema,
} from '#contracts';
import { bytesToHex, equalBytes, hexToBytes } from '#crypto';
import { AppError } from '#errors';
import {
  ANY_FRAGMENT,
  auditAnswer,
  headerToVerdict,
  NEGOTIATION_ASK_HEADER,
  openVerdict,
  proposalHash,
  proposalMessage,
  type Reservation,
  receiptAnswer,
  receiptMessage,
  receiptSchema,
  reservationAnswer,
  reservationMessage,
  reservationSchema,
  type SignedTicket,
  signNegotiationAsk,
  signTicket,
  signTicketUse,
  TICKET_HEADER,
  TICKET_USE_HEADER,
  type TicketMethod,
  VERDICT_HEADER,
  type Verdict,
  verdictAnswer,
  withdrawalMessage,
} from '#wire';
import type { ClientContext } from '../context.js';
import { exchange, type HttpAnswer } from './http.js';

const TICKET_LIFE_SECONDS = 6 * 3600;
const MAX_JSON_BYTES = 1 << 20;

/** A client's dealings with one provider about one contract, at hand or to come. */
export class ProviderSession {
  private readonly tickets = new Map<TicketMethod, SignedTicket>();

  constructor(
    private readonly context: ClientContext,
    private readonly agent: Agent,
    readonly baseUrl: string,
    readonly providerKey: Uint8Array,
    readonly contract: ContractId,
    /** Most bytes any ticket of this session may move. */
    private readonly budgetBytes: bigint,
  ) {}

  /** Asks for room. */
  async reserve(reservation: Reservation, signal?: AbortSignal): Promise<z.infer<typeof reservationAnswer>> {
    const { crypto, params, identity } = this.context;
    const signature = crypto.sign(identity.wallet.secretKey, reservationMessage(crypto, params, reservation));
    const body = {
      reservation: bytesToHex(encode(reservationSchema, reservation)),
      signature: bytesToHex(signature),
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

  /** Fetches a fragment whole and checks it against its id. */
  async getFragment(fragment: FragmentId, lengthBytes: number, signal?: AbortSignal): Promise<Uint8Array> {
    const answer = await this.send({
      method: 'GET',
      path: `/v1/fragments/${fragment}`,
      headers: this.ticketHeaders('get', fragment),
      signal,
      maxAnswerBytes: Math.max(lengthBytes, MAX_JSON_BYTES),
    });
    if (answer.status !== 200) throw this.refused(answer);
    if (
      answer.body.length !== lengthBytes ||
      bytesToHex(this.context.crypto.blake3(answer.body)) !== fragment
    ) {
      throw this.badAnswer(
        'provider/wrong-bytes',
        `${answer.body.length} bytes that are not fragment ${fragment}`,
      );
    }
    return answer.body;
  }

  /**
   * The provider's verdict about an agreement over what it holds, as proposal number `round`. The same proposal again
   * gets the same verdict.
   */
  async propose(
    round: number,
    agreement: Agreement,
    fragments: readonly FragmentEntry[],
    signal?: AbortSignal,
  ): Promise<Verdict> {
    const { crypto, params, identity } = this.context;
    const bytes = encodeAgreement(agreement);
    const message = proposalMessage(crypto, params, round, bytes);
    const answer = await this.post(
      '/v1/negotiations',
      {
        round,
        agreement: bytesToHex(bytes),
        fragments,
        signature: bytesToHex(crypto.sign(identity.wallet.secretKey, message)),
      },
      {},
      signal,
    );
    const verdict = this.verdictOf(answer);
    const isAnswer =
      verdict.round === round &&
      equalBytes(verdict.proposal, proposalHash(crypto, params, round, bytes)) &&
      (verdict.state !== 'agreed' || this.isAgreed(agreement, verdict.agreementSignature));
    if (isAnswer) return verdict;
    throw this.badAnswer('provider/bad-signature', 'a verdict that does not fit the proposal');
  }

  /** How the negotiation stands with the provider. */
  async negotiation(signal?: AbortSignal): Promise<Verdict> {
    const { crypto, params, identity, nowMs } = this.context;
    const ask = signNegotiationAsk(crypto, params, this.contract, nowMs(), identity.wallet.secretKey);
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
    const { crypto, params, identity } = this.context;
    const message = withdrawalMessage(crypto, params, this.contract);
    const signature = bytesToHex(crypto.sign(identity.wallet.secretKey, message));
    const path = `/v1/negotiations/${this.contract}/withdrawal`;
    return this.verdictOf(await this.post(path, { signature }, {}, signal));
  }

  /** Whether the provider signed an agreement. */
  private isAgreed(agreement: Agreement, signature: Uint8Array | undefined): boolean {
    const { crypto, params } = this.context;
    const message = agreementSigningMessage(crypto, params, agreement);
    return signature !== undefined && crypto.verify({ publicKey: this.providerKey, message, signature });
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
    const { crypto, params, identity, nowMs } = this.context;
    let signed = this.tickets.get(method);
    if (signed === undefined) {
      signed = signTicket(
        crypto,
        params,
        {
          providerKey: this.providerKey,
          contract: this.contract,
          holderKey: identity.content.publicKey,
          fragment: ANY_FRAGMENT,
          method,
          budgetBytes: this.budgetBytes,
          expiresAt: BigInt(Math.floor(nowMs() / 1000) + TICKET_LIFE_SECONDS),
          serial: randomBytes(16).toString('hex'),
        },
        identity.content.secretKey,
      );
      this.tickets.set(method, signed);
    }
    const use = { fragment, method, time: BigInt(nowMs()), nonce: randomBytes(16).toString('hex') };
    const useBytes = signTicketUse(crypto, params, signed.bytes, use, identity.content.secretKey);
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
  }): Promise<HttpAnswer> {
    const { path, ...rest } = call;
    return exchange(this.agent, {
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
      | { code?: unknown; rule?: unknown; detail?: unknown; title?: unknown }
      | undefined;
    const rule = String(problem?.code ?? problem?.rule ?? `http-${answer.status}`);
    return new AppError({
      code: 'provider/refused',
      message: `The provider at ${this.baseUrl} refused: ${String(problem?.detail ?? problem?.title ?? answer.status)} (${rule}).`,
      next: 'Another provider is used where there is one.',
      data: { origin: this.baseUrl, status: answer.status, rule },
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
