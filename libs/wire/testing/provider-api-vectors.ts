import { type AccountId, type ContractId, devnet, encode, type FragmentId } from '#chain';
import { bytesToHex, nobleCrypto } from '#crypto';
import {
  NEW_CONTRACT,
  type Proposal,
  proposalHash,
  proposalMessage,
  signNegotiationAsk,
  signVerdict,
  type Verdict,
  withdrawalMessage,
} from '../negotiation.js';
import { receiptMessage, receiptSchema, reservationMessage, reservationSchema } from '../provider-api.js';
import { roomMessage, roomSchema } from '../revision-api.js';
import { signTicket, signTicketUse } from '../ticket.js';
import { encodeVoucher, signVoucher } from '../voucher.js';

const crypto = nobleCrypto;
const key = (byte: number) => {
  const secretKey = new Uint8Array(32).fill(byte);
  return { secretKey, publicKey: crypto.publicKey(secretKey) };
};
const client = key(1);
const provider = key(2);
const tickets = key(3);
const contract = 'c0'.repeat(32) as ContractId;
const fragment = 'f0'.repeat(32) as FragmentId;

const signed = (message: Uint8Array, { secretKey }: { secretKey: Uint8Array }) => ({
  message: bytesToHex(message),
  signature: bytesToHex(crypto.sign(secretKey, message)),
});

/** One of each thing that clients and providers sign for each other, on the devnet. */
export function providerApiVectors(): unknown {
  const reservation = {
    clientKey: client.publicKey,
    providerKey: provider.publicKey,
    nonce: new Uint8Array(16).fill(4),
    ticketKey: tickets.publicKey,
    maxBytes: 1n << 20n,
    maxFragments: 7,
    epochs: 30,
    expiresAt: 1_800_000_000n,
  };
  const receipt = { contract, fragment, lengthBytes: 65_536, storedAt: 1_799_999_000n };
  const room = { contract, maxBytes: 4_096n, maxFragments: 2, expiresAt: 1_800_000_000n };
  const proposals: Proposal[] = [
    { round: 1, origin: NEW_CONTRACT, agreement: new Uint8Array([1, 2, 3]) },
    { round: 2, origin: { kind: 'renewal', contract }, agreement: new Uint8Array([4]) },
    { round: 16, origin: { kind: 'replacement', contract }, agreement: new Uint8Array([]) },
  ];
  const ticket = signTicket(
    crypto,
    devnet,
    {
      providerKey: provider.publicKey,
      contract,
      holderKey: tickets.publicKey,
      fragment,
      method: 'get',
      budgetBytes: 1n << 30n,
      expiresAt: 1_800_000_000n,
      serial: '05'.repeat(16),
    },
    tickets.secretKey,
  );
  const use = { fragment, method: 'get', time: 1_799_999_500_000n, nonce: '06'.repeat(16) } as const;
  const voucher = signVoucher(crypto, devnet, { contract, total: 123_456n }, tickets.secretKey);
  return {
    network: 'devnet',
    secretKeys: { client: client.secretKey, provider: provider.secretKey, tickets: tickets.secretKey },
    reservation: {
      value: reservation,
      bytes: encode(reservationSchema, reservation),
      ...signed(reservationMessage(crypto, devnet, reservation), client),
    },
    receipt: {
      value: receipt,
      bytes: encode(receiptSchema, receipt),
      ...signed(receiptMessage(crypto, devnet, receipt), provider),
    },
    room: {
      value: room,
      bytes: encode(roomSchema, room),
      ...signed(roomMessage(crypto, devnet, room), client),
    },
    proposals: proposals.map((proposal) => ({
      value: proposal,
      hash: proposalHash(crypto, devnet, proposal),
      ...signed(proposalMessage(crypto, devnet, proposal), client),
    })),
    verdicts: verdicts().map((value) => ({
      value,
      answer: signVerdict(crypto, devnet, value, provider.secretKey),
    })),
    withdrawal: { contract, ...signed(withdrawalMessage(crypto, devnet, contract), client) },
    ask: {
      contract,
      timeMs: 1_799_999_500_000,
      bytes: signNegotiationAsk(crypto, devnet, contract, 1_799_999_500_000, client.secretKey),
    },
    ticket: {
      bytes: ticket.bytes,
      use: signTicketUse(crypto, devnet, ticket.bytes, use, tickets.secretKey),
    },
    voucher: { value: voucher.voucher, bytes: encodeVoucher(voucher) },
  };
}

function verdicts(): Verdict[] {
  const about = {
    contract,
    round: 2,
    proposal: new Uint8Array(32).fill(7),
    height: 1_000,
    validUntil: 0,
    agreementSignature: undefined,
    counter: undefined,
    rule: '',
  };
  return [
    { ...about, state: 'agreed', validUntil: 1_060, agreementSignature: new Uint8Array(64).fill(8) },
    {
      ...about,
      state: 'countered',
      validUntil: 1_060,
      rule: 'agreement/price',
      counter: {
        offerNumber: 3n,
        basePerEpoch: 20_000n,
        pricePerGiBEpoch: 1_000_000n,
        pricePerGiBRead: 5n,
        freeReadBytesPerEpoch: 6n,
        collateralBps: 10_000,
        minEpochs: 1,
        maxEpochs: 3_650,
        payout: 'aa'.repeat(20) as AccountId,
        latestFormBy: 2_440,
      },
    },
    { ...about, state: 'declined', rule: 'agreement/not-stored' },
    { ...about, state: 'withdrawn' },
  ];
}
