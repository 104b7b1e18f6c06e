import type { BlockId, TxId } from '#chain';
import { bytesToHex } from '#crypto';
import { encodeMessage, type MessageBody, type MessageName } from '../messages/messages.js';

const blockId = (byte: string): BlockId => byte.repeat(32) as BlockId;
const txId = (byte: string): TxId => byte.repeat(32) as TxId;
const counting = (length: number, from = 0): Uint8Array => Uint8Array.from({ length }, (_, at) => from + at);

/** One message of each kind. Block ids are as people see them: reversed on the wire. */
const SAMPLES: { readonly [N in MessageName]: MessageBody<N> } = {
  hello: {
    wireVersion: 1,
    protocolVersion: 2,
    networkId: 0x44_45_56_4e,
    genesis: `01${'00'.repeat(31)}` as BlockId,
    tip: `02${'00'.repeat(31)}` as BlockId,
    height: 7,
    work: 0x0102_0304n,
    nonce: counting(8, 1),
    capabilities: 3,
    agent: 'cairn/1',
  },
  getHeaders: { locator: [blockId('03'), blockId('01')] },
  headers: { tip: blockId('04'), headers: counting(160) },
  getBlocks: { ids: [blockId('05')] },
  blocks: { blocks: [counting(5), new Uint8Array()] },
  getBlockTransactions: { block: blockId('06'), indexes: [0, 3] },
  blockTransactions: { transactions: [counting(4)] },
  getTransactions: { ids: [txId('07')] },
  transactions: { transactions: [counting(4), new Uint8Array()] },
  getWaiting: {},
  waiting: { ids: [txId('08'), txId('09')] },
  blockAnnouncement: {
    header: counting(80),
    salt: new Uint8Array(8),
    coinbase: counting(6),
    shortIds: counting(12),
  },
  transactionIds: { ids: [txId('0a')] },
};

/** The vectors of docs/protocol/network.md. */
export function messageVectors(): {
  readonly messages: readonly { readonly name: MessageName; readonly hex: string }[];
} {
  const names = Object.keys(SAMPLES) as MessageName[];
  return {
    messages: names.map((name) => ({ name, hex: bytesToHex(encodeMessage(name, SAMPLES[name] as never)) })),
  };
}
