import { randomBytes } from 'node:crypto';
import { Agent, request } from 'node:http';
import { type ContractId, encode, type FragmentId, type NetworkParams } from '#chain';
import {
  type Agreement,
  commitToLeaves,
  contractIdOf,
  encodeAgreement,
  entriesToLeaves,
  type FragmentEntry,
  NO_READS_NO_REPAIR,
  priceContract,
  shareOfUp,
} from '#contracts';
import { bytesToHex } from '#crypto';
import { nativeCrypto } from '#crypto-native';
import {
  ANY_FRAGMENT,
  headerToVerdict,
  NEGOTIATION_ASK_HEADER,
  type OfferView,
  openVerdict,
  originOf,
  type ProposalRequest,
  proposalMessage,
  type Reservation,
  reservationMessage,
  reservationSchema,
  signNegotiationAsk,
  signTicket,
  signTicketUse,
  TICKET_HEADER,
  TICKET_USE_HEADER,
  type Ticket,
  type TicketMethod,
  type TicketUse,
  VERDICT_HEADER,
  type Verdict,
  type VerdictAnswer,
  withdrawalMessage,
} from '#wire';

/** An HTTP answer. */
export interface Answer {
  readonly status: number;
  readonly body: Buffer;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** The body as JSON. */
  json<T = Record<string, unknown>>(): T;
}

interface Keys {
  readonly secretKey: Uint8Array;
  readonly publicKey: Uint8Array;
}

/** A stored fragment to be: its bytes and its name. */
export interface SampleFragment {
  readonly id: FragmentId;
  readonly bytes: Uint8Array;
}

/** Random fragments of given lengths. */
export function sampleFragments(...lengths: readonly number[]): SampleFragment[] {
  return lengths.map((lengthBytes) => {
    const bytes = randomBytes(lengthBytes);
    return { id: bytesToHex(nativeCrypto.blake3(bytes)) as FragmentId, bytes };
  });
}

const newKeys = (): Keys => {
  const secretKey = new Uint8Array(randomBytes(32));
  return { secretKey, publicKey: nativeCrypto.publicKey(secretKey) };
};

/** A client of one contract with one provider; every part of every request can be bent. */
export class ProviderClient {
  readonly agent = new Agent({ keepAlive: true, maxSockets: 16 });
  readonly holder: Keys = newKeys();
  readonly ticketKeys: Keys = newKeys();
  readonly nonce = new Uint8Array(randomBytes(16));
  /** Proposals that were answered. */
  rounds = 0;

  constructor(
    readonly url: string,
    readonly params: NetworkParams,
    readonly wallet: Keys,
    readonly providerKey: Uint8Array,
  ) {}

  get contract(): ContractId {
    return contractIdOf(nativeCrypto, this.params, {
      clientKey: this.wallet.publicKey,
      providerKey: this.providerKey,
      nonce: this.nonce,
    });
  }

  close(): void {
    this.agent.destroy();
  }

  send(
    method: string,
    path: string,
    options: {
      headers?: Record<string, string | number>;
      body?: Uint8Array | string;
      /** Cuts the connection after so many bytes of the body. */
      cutAfterBytes?: number;
    } = {},
  ): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const outgoing = request(
        `${this.url}${path}`,
        { method, headers: { ...options.headers }, agent: this.agent },
        (incoming) => {
          const parts: Buffer[] = [];
          incoming.on('data', (part: Buffer) => parts.push(part));
          incoming.on('error', reject);
          incoming.on('end', () => {
            const body = Buffer.concat(parts);
            const { statusCode = 0, headers } = incoming;
            resolve({ status: statusCode, body, headers, json: () => JSON.parse(body.toString()) });
          });
        },
      );
      outgoing.on('error', reject);
      const body = typeof options.body === 'string' ? Buffer.from(options.body) : options.body;
      if (options.cutAfterBytes !== undefined && body !== undefined) {
        outgoing.write(body.subarray(0, options.cutAfterBytes), () => outgoing.destroy());
      } else {
        outgoing.end(body);
      }
    });
  }

  postJson(path: string, value: unknown, headers: Record<string, string> = {}): Promise<Answer> {
    const body = JSON.stringify(value);
    return this.send('POST', path, { body, headers: { 'content-type': 'application/json', ...headers } });
  }

  reservation(changes: Partial<Reservation> = {}): Reservation {
    return {
      clientKey: this.wallet.publicKey,
      providerKey: this.providerKey,
      nonce: this.nonce,
      ticketKey: this.ticketKeys.publicKey,
      maxBytes: 16n << 20n,
      maxFragments: 64,
      epochs: 3,
      expiresAt: BigInt(Math.floor(Date.now() / 1000) + 600),
      ...changes,
    };
  }

  reserve(
    changes: Partial<Reservation> = {},
    signer: Keys = this.wallet,
    replaces?: ContractId,
  ): Promise<Answer> {
    const reservation = this.reservation(changes);
    const message = reservationMessage(nativeCrypto, this.params, reservation);
    return this.postJson('/v1/reservations', {
      reservation: bytesToHex(encode(reservationSchema, reservation)),
      signature: bytesToHex(nativeCrypto.sign(signer.secretKey, message)),
      ...(replaces === undefined ? {} : { replaces }),
    });
  }

  /** The two headers of a request; `ticket`, `use`, `signer`, `holder` bend them. */
  ticketHeaders(
    method: TicketMethod,
    fragment: FragmentId,
    bend: {
      ticket?: Partial<Ticket>;
      use?: Partial<TicketUse>;
      signer?: Keys;
      holder?: Keys;
    } = {},
  ): Record<string, string> {
    const ticket: Ticket = {
      providerKey: this.providerKey,
      contract: this.contract,
      holderKey: this.holder.publicKey,
      fragment: ANY_FRAGMENT,
      method,
      budgetBytes: 1n << 40n,
      expiresAt: BigInt(Math.floor(Date.now() / 1000) + 600),
      serial: randomBytes(16).toString('hex'),
      ...bend.ticket,
    };
    const signer = bend.signer ?? this.ticketKeys;
    const signed = signTicket(nativeCrypto, this.params, ticket, signer.secretKey);
    const use: TicketUse = {
      fragment,
      method,
      time: BigInt(Date.now()),
      nonce: randomBytes(16).toString('hex'),
      ...bend.use,
    };
    const holder = bend.holder ?? this.holder;
    const useBytes = signTicketUse(nativeCrypto, this.params, signed.bytes, use, holder.secretKey);
    return {
      [TICKET_HEADER]: Buffer.from(signed.bytes).toString('base64url'),
      [TICKET_USE_HEADER]: Buffer.from(useBytes).toString('base64url'),
    };
  }

  put({ id, bytes }: SampleFragment, headers = this.ticketHeaders('put', id)): Promise<Answer> {
    return this.send('PUT', `/v1/fragments/${id}`, {
      headers: { 'content-length': bytes.length, 'content-type': 'application/octet-stream', ...headers },
      body: bytes,
    });
  }

  get(id: FragmentId, range?: string, headers = this.ticketHeaders('get', id)): Promise<Answer> {
    return this.send('GET', `/v1/fragments/${id}`, {
      headers: { ...headers, ...(range === undefined ? {} : { range }) },
    });
  }

  audit(chunks: readonly bigint[], headers = this.ticketHeaders('audit', ANY_FRAGMENT)): Promise<Answer> {
    const body = { chunks: chunks.map(String) };
    return this.postJson(`/v1/contracts/${this.contract}/audits`, body, headers);
  }

  agreement(
    offer: OfferView,
    fragments: readonly SampleFragment[],
    terms: { formBy: number; payout: string; epochs?: number },
    changes: Partial<Agreement> = {},
  ): Agreement {
    const leaves = entriesToLeaves(fragmentsToEntries(fragments));
    if (!leaves.ok) throw new Error(leaves.violation.rule);
    const commitment = commitToLeaves(nativeCrypto, leaves.value);
    const epochs = terms.epochs ?? 3;
    const prices = {
      basePerEpoch: BigInt(offer.basePerEpoch),
      pricePerGiBEpoch: BigInt(offer.pricePerGiBEpoch),
    };
    const price = priceContract(this.params, { ...prices, epochs, totalBytes: commitment.totalBytes });
    return {
      clientKey: this.wallet.publicKey,
      providerKey: this.providerKey,
      nonce: this.nonce,
      ticketKey: this.ticketKeys.publicKey,
      payout: terms.payout as Agreement['payout'],
      offerNumber: BigInt(offer.number),
      formBy: terms.formBy,
      epochs,
      ...prices,
      collateral: shareOfUp(price.escrow, BigInt(offer.collateralBps)),
      ...NO_READS_NO_REPAIR,
      pricePerGiBRead: BigInt(offer.pricePerGiBRead),
      freeReadBytesPerEpoch: BigInt(offer.freeReadBytesPerEpoch),
      maxBurn: 1n << 60n,
      ...commitment,
      ...changes,
    };
  }

  /** Proposes as the next round, or as the one given. */
  async propose(
    agreement: Agreement,
    fragments: readonly SampleFragment[],
    signer: Keys = this.wallet,
    round = this.rounds + 1,
    origin: ProposalRequest['origin'] = undefined,
  ): Promise<Answer> {
    const bytes = encodeAgreement(agreement);
    const proposal = { round, origin: originOf({ origin }), agreement: bytes };
    const message = proposalMessage(nativeCrypto, this.params, proposal);
    const answer = await this.postJson('/v1/negotiations', {
      round,
      agreement: bytesToHex(bytes),
      ...(origin === undefined ? {} : { origin }),
      fragments: fragmentsToEntries(fragments),
      signature: bytesToHex(nativeCrypto.sign(signer.secretKey, message)),
    });
    if (answer.status === 200 || VERDICT_HEADER in answer.headers) this.rounds = round;
    return answer;
  }

  /** Asks how the negotiation stands. */
  negotiation(options: { signer?: Keys; timeMs?: number } = {}): Promise<Answer> {
    const { signer = this.wallet, timeMs = Date.now() } = options;
    const ask = signNegotiationAsk(nativeCrypto, this.params, this.contract, timeMs, signer.secretKey);
    return this.send('GET', `/v1/negotiations/${this.contract}`, {
      headers: { [NEGOTIATION_ASK_HEADER]: Buffer.from(ask).toString('base64url') },
    });
  }

  withdraw(signer: Keys = this.wallet): Promise<Answer> {
    const message = withdrawalMessage(nativeCrypto, this.params, this.contract);
    return this.postJson(`/v1/negotiations/${this.contract}/withdrawal`, {
      signature: bytesToHex(nativeCrypto.sign(signer.secretKey, message)),
    });
  }

  /** The verdict of an answer, from its body or from its header; its signature must hold. */
  verdict(answer: Answer): Verdict {
    const header = answer.headers[VERDICT_HEADER];
    const signed = typeof header === 'string' ? headerToVerdict(header) : answer.json<VerdictAnswer>();
    if (signed === undefined) throw new Error(`no verdict in ${answer.body.toString()}`);
    const { providerKey, contract } = this;
    const verdict = openVerdict(nativeCrypto, this.params, signed, { providerKey, contract });
    if (verdict === undefined) throw new Error(`a verdict that does not hold in ${answer.body.toString()}`);
    return verdict;
  }

  /** Body of the `form` transaction. */
  formBody(agreement: Agreement, fragments: readonly SampleFragment[], answer: Answer): unknown {
    const { agreementSignature } = this.verdict(answer);
    return { agreement, fragments: fragmentsToEntries(fragments), providerSignature: agreementSignature };
  }
}

function fragmentsToEntries(fragments: readonly SampleFragment[]): FragmentEntry[] {
  return fragments.map(({ id, bytes }) => ({ id, lengthBytes: bytes.length }));
}
