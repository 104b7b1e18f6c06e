import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { BlockId, TxId } from '#chain';
import { bytesToHex, hexToBytes } from '#crypto';
import { messageVectors } from '../testing/message-vectors.js';
import { MAX_BLOCKS, MAX_HEADERS, MAX_LOCATOR, MAX_TRANSACTION_IDS, MAX_WAITING_IDS } from './limits.js';
import { decodeMessage, encodeMessage, MESSAGES, type Message, type MessageName } from './messages.js';
import { decodeShortIds, encodeShortIds } from './short-ids.js';

/** Written once, from `messageVectors`; what other programs read. */
const vectors = JSON.parse(
  readFileSync(new URL('../../../../libs/sync/vectors/messages.json', import.meta.url), 'utf8'),
) as ReturnType<typeof messageVectors>;

const hash = fc.uint8Array({ minLength: 32, maxLength: 32 }).map(bytesToHex);
const blockId = hash.map((hex) => hex as BlockId);
const txId = hash.map((hex) => hex as TxId);
const blob = (max: number) => fc.uint8Array({ maxLength: max });
const fixed = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });

const bodies: { readonly [N in MessageName]: fc.Arbitrary<unknown> } = {
  hello: fc.record({
    wireVersion: fc.nat(0xffff),
    protocolVersion: fc.nat(0xffff),
    networkId: fc.nat(0xffff_ffff),
    genesis: blockId,
    tip: blockId,
    height: fc.maxSafeNat(),
    work: fc.bigInt({ min: 0n, max: (1n << 256n) - 1n }),
    nonce: fixed(8),
    capabilities: fc.nat(0xffff_ffff),
    agent: fc.string({ unit: 'grapheme-ascii', maxLength: 64 }),
  }),
  getHeaders: fc.record({ locator: fc.array(blockId, { maxLength: 5 }) }),
  headers: fc.record({ tip: blockId, headers: blob(400) }),
  getBlocks: fc.record({ ids: fc.array(blockId, { maxLength: 5 }) }),
  blocks: fc.record({ blocks: fc.array(blob(50), { maxLength: 5 }) }),
  getBlockTransactions: fc.record({ block: blockId, indexes: fc.array(fc.nat(99_999), { maxLength: 5 }) }),
  blockTransactions: fc.record({ transactions: fc.array(blob(50), { maxLength: 5 }) }),
  getTransactions: fc.record({ ids: fc.array(txId, { maxLength: 5 }) }),
  transactions: fc.record({ transactions: fc.array(blob(50), { maxLength: 5 }) }),
  getWaiting: fc.constant({}),
  waiting: fc.record({ ids: fc.array(txId, { maxLength: 5 }) }),
  blockAnnouncement: fc.record({
    header: fixed(80),
    salt: fixed(8),
    coinbase: blob(256),
    shortIds: blob(60),
  }),
  transactionIds: fc.record({ ids: fc.array(txId, { maxLength: 5 }) }),
};

const message = fc.oneof(
  ...(Object.keys(bodies) as MessageName[]).map((name) =>
    bodies[name].map((body) => ({ name, body }) as Message),
  ),
);

function ruleOf(source: Uint8Array): string {
  const result = decodeMessage(source);
  return result.ok ? 'accepted' : result.violation.rule;
}

describe('messages between nodes', () => {
  test('decode of encode gives the message; every truncation and every extra byte is refused', () => {
    fc.assert(
      fc.property(message, ({ name, body }) => {
        const source = encodeMessage(name, body as never);
        expect(decodeMessage(source)).toEqual({ ok: true, value: { name, body } });
        for (let length = 1; length < source.length; length++)
          expect(ruleOf(source.subarray(0, length))).toBe('codec/truncated');
        expect(ruleOf(Uint8Array.of(...source, 0))).toBe('codec/trailing-bytes');
      }),
      { numRuns: 200 },
    );
  });

  test('whatever decodes, encodes to the very same bytes', () => {
    fc.assert(
      fc.property(message, fc.nat(), fc.nat(255), ({ name, body }, at, byte) => {
        const source = encodeMessage(name, body as never);
        source[at % source.length] = byte;
        const decoded = decodeMessage(source);
        if (decoded.ok)
          expect(encodeMessage(decoded.value.name, decoded.value.body as never)).toEqual(source);
      }),
      { numRuns: 1_000 },
    );
  });

  test('a message that came in a Buffer is the same, and shares no memory with it', () => {
    fc.assert(
      fc.property(message, ({ name, body }) => {
        const buffer = Buffer.from(encodeMessage(name, body as never));
        const decoded = decodeMessage(buffer);
        buffer.fill(0xff);
        expect(decoded).toEqual({ ok: true, value: { name, body } });
      }),
      { numRuns: 100 },
    );
  });

  test('nothing at all, and codes no message has', () => {
    expect(ruleOf(new Uint8Array())).toBe('peer/empty-message');
    const codes = new Set<number>(Object.values(MESSAGES).map(({ code }) => code));
    for (let code = 0; code < 256; code++)
      if (!codes.has(code)) expect(ruleOf(Uint8Array.of(code, 0, 0, 0, 0))).toBe('peer/unknown-message');
  });

  test.each([
    ['getHeaders', MAX_LOCATOR],
    ['headers', MAX_HEADERS * 80],
    ['getBlocks', MAX_BLOCKS],
    ['blocks', MAX_BLOCKS],
    ['getTransactions', MAX_TRANSACTION_IDS],
    ['transactions', MAX_TRANSACTION_IDS],
    ['waiting', MAX_WAITING_IDS],
    ['transactionIds', MAX_TRANSACTION_IDS],
    ['blockTransactions', 100_000],
  ] as const)('%s: a count above %i is refused before anything is read', (name, max) => {
    const source = new Uint8Array(1 + (name === 'headers' ? 32 : 0) + 4);
    source[0] = MESSAGES[name].code;
    new DataView(source.buffer).setUint32(source.length - 4, max + 1, true);
    expect(ruleOf(source)).toBe('codec/length');
    new DataView(source.buffer).setUint32(source.length - 4, max, true);
    expect(ruleOf(source)).toBe('codec/truncated');
  });

  test.each(vectors.messages)('vector: $name', ({ name, hex }) => {
    const decoded = decodeMessage(hexToBytes(hex));
    expect(decoded).toMatchObject({ ok: true, value: { name } });
    if (decoded.ok)
      expect(bytesToHex(encodeMessage(decoded.value.name, decoded.value.body as never))).toBe(hex);
  });

  test('there is a vector of every message, and the samples still give them', () => {
    expect(vectors.messages.map(({ name }) => name)).toEqual(Object.keys(MESSAGES));
    expect(messageVectors()).toEqual(vectors);
  });

  test('short ids are 48-bit numbers, six bytes each', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(0xffff_ffff).map((low) => low * 0xffff)), (ids) => {
        expect(decodeShortIds(encodeShortIds(ids))).toEqual(ids);
      }),
    );
    expect(decodeShortIds(new Uint8Array(7))).toBeUndefined();
  });
});
