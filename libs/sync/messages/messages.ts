import {
  bytes,
  decode,
  encode,
  HEADER_BYTES,
  height,
  hexId,
  list,
  MAX_COINBASE_BYTES,
  type Schema,
  struct,
  type TxId,
  type TypeOf,
  text,
  u16,
  u32,
  varBytes,
} from '#chain';
import { accepted, type Result, refused } from '#errors';
import { wireBlockId, wireWork } from './fields.js';
import {
  MAX_BLOCK_BYTES,
  MAX_BLOCK_TRANSACTIONS,
  MAX_BLOCKS,
  MAX_HEADERS,
  MAX_LOCATOR,
  MAX_TRANSACTION_BYTES,
  MAX_TRANSACTION_IDS,
  MAX_WAITING_IDS,
} from './limits.js';

/** Bytes of a short id. */
export const SHORT_ID_BYTES = 6;

const txId = hexId<TxId>(32);

/** Who speaks, and how much chain it has. First request on a connection, and its answer. */
const hello = struct({
  /** Version of these messages. */
  wireVersion: u16,
  /** Version of the law. */
  protocolVersion: u16,
  networkId: u32,
  genesis: wireBlockId,
  tip: wireBlockId,
  height,
  work: wireWork,
  /** Drawn once per node: whoever hears its own speaks to itself. */
  nonce: bytes(8),
  /** Bit set of `CAPABILITIES`; unknown bits are ignored. */
  capabilities: u32,
  agent: text(64),
});

const getHeaders = struct({ locator: list(wireBlockId, MAX_LOCATOR) });
const headers = struct({
  /** Where the answering chain ends now: who asks knows from it what can be had here, even if there are no headers. */
  tip: wireBlockId,
  /** 80 bytes each, one after the other, oldest first. */
  headers: varBytes(MAX_HEADERS * HEADER_BYTES),
});

const getBlocks = struct({ ids: list(wireBlockId, MAX_BLOCKS) });
/** In the order asked, possibly fewer; an empty one is not to be had here. */
const blocks = struct({ blocks: list(varBytes(MAX_BLOCK_BYTES), MAX_BLOCKS) });

const getBlockTransactions = struct({
  block: wireBlockId,
  /** Places in the block, rising. */
  indexes: list(u32, MAX_BLOCK_TRANSACTIONS),
});
/** In the order asked; none where the block is not to be had here. */
const blockTransactions = struct({
  transactions: list(varBytes(MAX_TRANSACTION_BYTES), MAX_BLOCK_TRANSACTIONS),
});

const getTransactions = struct({ ids: list(txId, MAX_TRANSACTION_IDS) });
/** In the order asked, possibly fewer; an empty one is not to be had here. */
const transactions = struct({ transactions: list(varBytes(MAX_TRANSACTION_BYTES), MAX_TRANSACTION_IDS) });

/** What waits for a block here, best fee rate first. */
const getWaiting = struct({});
const waiting = struct({ ids: list(txId, MAX_WAITING_IDS) });

/** A new block, ids first: header, coinbase, short ids of its transactions in order. */
const blockAnnouncement = struct({
  header: bytes(HEADER_BYTES),
  /** Zero from whoever found the block, so that all tell it in the same bytes; drawn by whoever tells it again. */
  salt: bytes(8),
  coinbase: varBytes(MAX_COINBASE_BYTES),
  shortIds: varBytes(MAX_BLOCK_TRANSACTIONS * SHORT_ID_BYTES),
});

const transactionIds = struct({ ids: list(txId, MAX_TRANSACTION_IDS) });

/** Every message: its code (the first byte) and the form of the rest. */
export const MESSAGES = {
  hello: { code: 0x01, schema: hello },
  getHeaders: { code: 0x02, schema: getHeaders },
  headers: { code: 0x03, schema: headers },
  getBlocks: { code: 0x04, schema: getBlocks },
  blocks: { code: 0x05, schema: blocks },
  getBlockTransactions: { code: 0x06, schema: getBlockTransactions },
  blockTransactions: { code: 0x07, schema: blockTransactions },
  getTransactions: { code: 0x08, schema: getTransactions },
  transactions: { code: 0x09, schema: transactions },
  getWaiting: { code: 0x0a, schema: getWaiting },
  waiting: { code: 0x0b, schema: waiting },
  blockAnnouncement: { code: 0x10, schema: blockAnnouncement },
  transactionIds: { code: 0x11, schema: transactionIds },
} as const;

export type MessageName = keyof typeof MESSAGES;
/** What a message of a name carries. */
export type MessageBody<N extends MessageName> = TypeOf<(typeof MESSAGES)[N]['schema']>;
/** Any message. */
export type Message = {
  readonly [N in MessageName]: { readonly name: N; readonly body: MessageBody<N> };
}[MessageName];

export type Hello = MessageBody<'hello'>;
export type BlockAnnouncement = MessageBody<'blockAnnouncement'>;

const namesByCode = new Map<number, MessageName>(
  (Object.keys(MESSAGES) as MessageName[]).map((name) => [MESSAGES[name].code, name]),
);

/** The bytes of a message: its code, then its content in the canonical form. */
export function encodeMessage<N extends MessageName>(name: N, body: MessageBody<N>): Uint8Array {
  const { code, schema } = MESSAGES[name];
  const content = encode(schema as unknown as Schema<MessageBody<N>>, body);
  const out = new Uint8Array(content.length + 1);
  out[0] = code;
  out.set(content, 1);
  return out;
}

/** A message of its bytes, or what is wrong with them. Its parts are copies: the source may be used again. */
export function decodeMessage(bytesOrBuffer: Uint8Array): Result<Message> {
  // Sockets give Node's Buffers, whose `slice` is a view: reversing a hash would change the message under our hands.
  const { buffer, byteOffset, byteLength } = bytesOrBuffer;
  const source = new Uint8Array(buffer, byteOffset, byteLength);
  const code = source[0];
  if (code === undefined) return refused({ rule: 'peer/empty-message' });
  const name = namesByCode.get(code);
  if (name === undefined) return refused({ rule: 'peer/unknown-message', code });
  const body = decode(MESSAGES[name].schema as Schema<unknown>, source.subarray(1));
  return body.ok ? accepted({ name, body: body.value } as Message) : body;
}

/** A message of one kind, any other kind is refused. */
export function decodeMessageOf<N extends MessageName>(name: N, source: Uint8Array): Result<MessageBody<N>> {
  const message = decodeMessage(source);
  if (!message.ok) return message;
  if (message.value.name !== name) {
    return refused({ rule: 'peer/unexpected-message', message: message.value.name, expected: name });
  }
  return accepted(message.value.body as MessageBody<N>);
}
