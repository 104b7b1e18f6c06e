import { z } from 'zod';
import { type BlockId, devnet, encode, type TxId } from '#chain';
import { nativeCrypto } from '#crypto-native';
import { AppError } from '#errors';
import { decodeCursor, encodeCursor } from '#http';
import { NODE_ROUTES } from '#node-api';
import * as wire from '#wire';
import { createMemoryChain } from '../../../chain/testing/memory-chain.js';
import { parseRange } from '../../../libs/gateway/byte-range.js';
import { problemToError } from '../../../libs/node-api/node-error.js';
import { openEnvelope } from '../../../libs/services/service-error.js';
import { blockToAnnouncement, openPartialBlock } from '../../../libs/sync/gossip/compact-block.js';
import { decodeMessage, encodeMessage, type Message } from '../../../libs/sync/messages/messages.js';
import { sampleCapability } from '../../../libs/wire/testing/repair-vectors.js';
import { decoderTarget, FindingError, type FuzzTarget, textTarget } from '../fuzz-target.js';

function ticketTarget(): FuzzTarget {
  const chain = createMemoryChain();
  const holder = chain.wallet('holder');
  const owner = chain.wallet('owner');
  const ticket = wire.signTicket(
    nativeCrypto,
    devnet,
    {
      providerKey: holder.publicKey,
      contract: 'ab'.repeat(32) as never,
      holderKey: holder.publicKey,
      fragment: wire.ANY_FRAGMENT,
      method: 'get',
      budgetBytes: 1_000n,
      expiresAt: 5n,
      serial: 'cd'.repeat(16),
    },
    owner.secretKey,
  );
  const use = wire.signTicketUse(
    nativeCrypto,
    devnet,
    ticket.bytes,
    { fragment: wire.ANY_FRAGMENT, method: 'get', time: 7n, nonce: 'ef'.repeat(16) },
    holder.secretKey,
  );
  return decoderTarget({
    name: 'ticket',
    samples: () => [ticket.bytes, use],
    decode: wire.decodeTicket,
    encode: ({ ticket: value, bytes }) =>
      Uint8Array.from([...encode(wire.ticketSchema, value), ...bytes.subarray(bytes.length - 64)]),
    use: (signed) => {
      const verdict = wire.verifyTicketUse(nativeCrypto, devnet, signed, use);
      const isSigned = wire.verifyTicket(nativeCrypto, devnet, signed, owner.publicKey);
      if (isSigned !== (Buffer.compare(signed.bytes, ticket.bytes) === 0))
        throw new FindingError('a ticket that nobody signed');
      return verdict.ok ? 'accepted' : verdict.violation.rule;
    },
  });
}

/** Messages between nodes. */
function messageTargets(): readonly FuzzTarget[] {
  const chain = createMemoryChain();
  chain.fund(5n, chain.wallet('alice'), chain.wallet('bob'));
  const { block } = chain.tip;
  const id = block.id as BlockId;
  const ids = block.transactions.map((known) => known.id as TxId);
  const announcement = blockToAnnouncement(chain.law, block.bytes, new Uint8Array(8));
  const samples = [
    encodeMessage('hello', {
      wireVersion: 1,
      protocolVersion: 2,
      networkId: 1,
      genesis: id,
      tip: id,
      height: 5,
      work: 7n,
      nonce: new Uint8Array(8),
      capabilities: 3,
      agent: 'cairn',
    }),
    encodeMessage('getHeaders', { locator: [id, id] }),
    encodeMessage('headers', { tip: id, headers: block.bytes.slice(0, 80) }),
    encodeMessage('getBlocks', { ids: [id] }),
    encodeMessage('blocks', { blocks: [block.bytes, new Uint8Array(0)] }),
    encodeMessage('getBlockTransactions', { block: id, indexes: [0, 1] }),
    encodeMessage('blockTransactions', { transactions: block.transactions.map(({ bytes }) => bytes) }),
    encodeMessage('getTransactions', { ids }),
    encodeMessage('transactions', { transactions: block.transactions.map(({ bytes }) => bytes) }),
    encodeMessage('getWaiting', {}),
    encodeMessage('waiting', { ids }),
    encodeMessage('blockAnnouncement', announcement),
    encodeMessage('transactionIds', { ids }),
  ];
  return [
    decoderTarget({
      name: 'sync-message',
      samples: () => samples,
      decode: decodeMessage,
      encode: (message) => encodeMessage(message.name, message.body as never),
      use: (message) => (message.name === 'blockAnnouncement' ? useAnnouncement(message) : message.name),
    }),
  ];

  function useAnnouncement(message: Extract<Message, { name: 'blockAnnouncement' }>): string {
    const partial = openPartialBlock(chain.law, message.body);
    if (partial === undefined) return 'odd short ids';
    const matched = partial.match(ids);
    return `announced, ${Math.min(9, matched.size)} matched of ${Math.min(9, partial.missing.length)}`;
  }
}

/** Requests of the node's HTTP API as they arrive, and what travels back. */
function jsonTargets(): readonly FuzzTarget[] {
  const routes = Object.entries(NODE_ROUTES);
  const views = Object.values(wire as Readonly<Record<string, unknown>>).filter(
    (value) => value instanceof z.ZodType,
  );
  const parse = (text: string): unknown => {
    try {
      return JSON.parse(text) as unknown;
    } catch {
      return undefined;
    }
  };
  const id = 'ab'.repeat(32);
  const account = 'cd'.repeat(20);
  const paged = { limit: '50', cursor: 'eyJhIjoxfQ' };
  const requests = [
    {},
    { hex: '00ff' },
    { id },
    { id, ...paged },
    { account, lane: '7' },
    { account, slot: 'log' },
    { account, ...paged },
    { ref: '12', ...paged },
    { fromHeight: '0', count: '2000' },
    { kind: 'lane', id: account, lane: '1', confirmations: '2' },
    { client: account, provider: account, status: 'active', ...paged },
    { amount: '1000000000', items: [], nextCursor: null, chunks: ['1'] },
    { reservation: '00', signature: id + id },
    { agreement: '00', fragments: [{ id, lengthBytes: 1 }], signature: id + id },
  ];
  const samples = requests.map((request) => JSON.stringify(request));
  return [
    textTarget({
      name: 'node-api-request',
      samples: () => samples,
      read: (text) => {
        const value = parse(text);
        const taken = routes
          .filter(([, route]) => route.request.safeParse(value).success)
          .map(([name]) => name);
        return taken.length === 0 ? 'refused' : `accepted by ${taken.length}`;
      },
    }),
    textTarget({
      name: 'wire-view',
      samples: () => samples,
      read: (text) => {
        const value = parse(text);
        const taken = views.filter((view) => view.safeParse(value).success);
        return taken.length === 0 ? 'refused' : `accepted by ${taken.length}`;
      },
    }),
    textTarget({
      name: 'cursor',
      samples: () => [encodeCursor([1, 'a']), encodeCursor({ height: 5 })],
      read: (text) => (decodeCursor(text, z.unknown()) === undefined ? 'none' : 'accepted'),
    }),
    textTarget({
      name: 'range-header',
      samples: () => ['bytes=0-9', 'bytes=5-', 'bytes=-3', 'bytes=0-1,3-4'],
      read: (text) => {
        const range = parseRange(text, 1_000);
        if (typeof range !== 'object') return range ?? 'whole';
        if (range.from < 0 || range.toExclusive > 1_000 || range.from >= range.toExclusive)
          throw new FindingError('a range outside of the file');
        return 'accepted';
      },
    }),
    textTarget({
      name: 'problem',
      samples: () => ['{"code":"a/b","detail":"x","title":"x","status":400,"next":"y","data":{"a":1}}'],
      read: (text) => {
        const { code } = problemToError('http://node', '/x', 500, text);
        return code === 'node/bad-answer' ? code : 'accepted';
      },
    }),
    textTarget({
      name: 'service-envelope',
      samples: () => ['{"ok":true,"value":1}', '{"ok":false,"error":{"code":"a/b","message":"m","data":{}}}'],
      read: (text) => {
        try {
          openEnvelope('market', 'quote', parse(text));
          return 'accepted';
        } catch (error) {
          if (error instanceof AppError)
            return error.code === 'services/bad-answer' ? error.code : 'accepted';
          throw error;
        }
      },
    }),
  ];
}

/** What a stranger may hand a repairer. */
function capabilityTarget(): FuzzTarget {
  const given = sampleCapability();
  const secretKey = new Uint8Array(32).fill(1);
  const sign = (value: wire.RepairCapability) =>
    wire.signRepairCapability(nativeCrypto, devnet, value, secretKey).bytes;
  const samples = [sign(given), sign({ ...given, number: 7n, content: undefined })];
  return decoderTarget({
    name: 'repair-capability',
    samples: () => samples,
    decode: wire.decodeRepairCapability,
    encode: wire.encodeRepairCapability,
    use: (signed) => {
      if (!wire.verifyRepairCapability(nativeCrypto, devnet, signed)) return 'unsigned';
      if (!samples.some((sample) => Buffer.compare(sample, signed.bytes) === 0))
        throw new FindingError('a capability that nobody signed');
      return 'accepted';
    },
  });
}

/** What other machines send: nodes, clients, providers, browsers. */
export function networkTargets(): readonly FuzzTarget[] {
  return [ticketTarget(), capabilityTarget(), ...messageTargets(), ...jsonTargets()];
}
