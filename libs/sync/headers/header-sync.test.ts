import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { decodeHeader, encodeHeader, HEADER_BYTES, hashToBlockId } from '#chain';
import { nativeCrypto } from '#crypto-native';
import { encodeMessage } from '../messages/messages.js';
import { answersOf, blocksOf, headersOf, helloOf, newTestChain, Scene } from '../testing/index.js';
import { checkHeaders, pointToCursor } from './header-cursor.js';

const chain = newTestChain(60);
const blocks = blocksOf(chain);

/** A chain that parts from another at genesis: its times differ. */
function forkOf(height: number) {
  const fork = newTestChain();
  for (let at = 1; at <= height; at++) {
    const block = fork.draft([], { header: { time: fork.tip.block.header.time + 2 } });
    const added = fork.add(block);
    if (!added.ok) throw new Error(added.violation.rule);
  }
  return fork;
}

describe('checking headers without keeping them', () => {
  test('comes to the same verdict as the ledger that keeps them, whichever byte is wrong', async () => {
    const scene = await Scene.open(chain, { height: 10 });
    const { access } = scene.node;
    const point = await access.headerPoint((blocks[9] as (typeof blocks)[0]).id);
    if (point === undefined) throw new Error('the tip is unknown');
    const now = Math.floor(scene.clock.nowMs() / 1000);
    await fc.assert(
      fc.asyncProperty(
        fc.nat(9),
        fc.nat(HEADER_BYTES - 1),
        fc.integer({ min: 1, max: 255 }),
        async (at, byte, flip) => {
          const headers = headersOf(blocks.slice(10, 11 + at));
          headers[at * HEADER_BYTES + byte] = (headers[at * HEADER_BYTES + byte] as number) ^ flip;
          const checked = checkHeaders(chain.law, pointToCursor(point), headers, now);
          const kept = await access.submitHeaders(headers);
          expect(checked.violation === undefined).toBe(kept.ok);
          if (kept.ok) expect(checked.cursor).toMatchObject(kept.value.last);
          else if (kept.violation.rule !== 'block/unknown-parent')
            expect(checked.violation?.rule).toBe(kept.violation.rule);
          else expect(checked.violation?.rule).toBe('sync/headers-unlinked');
        },
      ),
      { numRuns: 300 },
    );
    await scene.close();
  });
});

describe('header sync', () => {
  test('a fresh node gets the whole chain of one peer', async () => {
    const scene = await Scene.open(chain);
    await scene.dialled('peer', answersOf(chain), helloOf(blocks));
    await scene.run(10_000, () => scene.height === 60);
    expect(scene.height).toBe(60);
    expect(scene.rules).toEqual([]);
    await scene.close();
  });

  test('headers without work: banned, nothing kept', async () => {
    const scene = await Scene.open(chain, { height: 10 });
    const headers = headersOf(blocks.slice(10));
    for (let at = 0; at < headers.length; at += HEADER_BYTES) {
      const header = decodeHeader(headers.subarray(at, at + HEADER_BYTES));
      if (!header.ok) throw new Error(header.violation.rule);
      let { nonce } = header.value;
      let bytes = encodeHeader(header.value);
      while (((nativeCrypto.sha256d(bytes)[31] as number) & 0x80) === 0)
        bytes = encodeHeader({ ...header.value, nonce: ++nonce });
      headers.set(bytes, at);
    }
    const tip = hashToBlockId(nativeCrypto.sha256d(headers.subarray(-HEADER_BYTES)));
    const answer = encodeMessage('headers', { tip, headers });
    await scene.dialled('liar', { getHeaders: () => answer }, { tip, work: 1n << 90n });
    await scene.run(1_000);
    expect(scene.rules).toEqual(['header/proof-of-work']);
    expect(scene.transport.isBanned('liar')).toBe(true);
    expect(scene.node.chain.tree.size).toBe(11);
    await scene.close();
  });

  test('a chain of low work is checked to its end and not one header of it is kept', async () => {
    const scene = await Scene.open(chain, { height: 60, keptBehindBlocks: 10 });
    const fork = forkOf(40);
    await scene.dialled('low', answersOf(fork), { ...helloOf(blocksOf(fork)), work: 1n << 90n });
    await scene.run(1_000);
    expect(scene.rules).toEqual(['sync/low-work']);
    expect(scene.node.chain.tree.size).toBe(61);
    // The same branch is kept where it weighs about as much as ours.
    const near = forkOf(55);
    await scene.dialled('near', answersOf(near), { ...helloOf(blocksOf(near)), work: 1n << 90n });
    await scene.run(1_000);
    expect(scene.node.chain.tree.size).toBe(61 + 55);
    await scene.close();
  });

  test('a peer whose chain grows between being checked and being kept did nothing wrong', async () => {
    const long = newTestChain(2_012);
    const all = blocksOf(long);
    let length = 2_005;
    const honest = answersOf(long, () => all.slice(0, length));
    const scene = await Scene.open(long, { minimumWork: 2n * 2_004n });
    await scene.dialled(
      'peer',
      {
        ...honest,
        getHeaders: async (ask) => {
          const answer = await (honest.getHeaders as NonNullable<typeof honest.getHeaders>)(ask);
          length = Math.min(length + 2, all.length);
          return answer;
        },
      },
      helloOf(all),
    );
    await scene.run(60_000, () => scene.height > 2_005);
    expect(scene.rules).toEqual([]);
    expect(scene.height).toBeGreaterThan(2_005);
    await scene.close();
  });

  test('nothing below the least work an operator asks for, even on an empty node', async () => {
    const scene = await Scene.open(chain, { minimumWork: 1_000n });
    await scene.dialled('small', answersOf(chain), helloOf(blocks));
    await scene.run(1_000);
    expect(scene.rules).toEqual(['sync/low-work']);
    expect(scene.node.chain.tree.size).toBe(1);
    await scene.close();
  });

  test('headers that do not follow what was asked for, or one another', async () => {
    const scene = await Scene.open(chain, { height: 5 });
    const gap = headersOf([...blocks.slice(5, 8), ...blocks.slice(9, 12)]);
    const answers = [headersOf(blocks.slice(20, 30)), gap, new Uint8Array(79)];
    for (const [at, headers] of answers.entries()) {
      const answer = encodeMessage('headers', { tip: (blocks[59] as (typeof blocks)[0]).id, headers });
      await scene.dialled(
        `liar ${at}`,
        { getHeaders: () => answer },
        { ...helloOf(blocks), work: 1n << 90n },
      );
      await scene.run(1_000);
    }
    expect(scene.rules).toEqual(['sync/headers-unlinked', 'sync/headers-unlinked', 'sync/headers-length']);
    expect(scene.transport.isBanned('liar 0')).toBe(true);
    expect(scene.node.chain.tree.size).toBe(6);
    await scene.close();
  });

  test('a time ahead of ours is nobody to blame for; what comes before it is kept', async () => {
    const scene = await Scene.open(chain, { height: 5 });
    const ahead = newTestChain();
    for (const block of blocks.slice(0, 8)) ahead.add(block);
    const late = ahead.draft([], { header: { time: Math.floor(scene.clock.nowMs() / 1000) + 500 } });
    ahead.add(late);
    await scene.dialled('early', answersOf(ahead), { ...helloOf(blocksOf(ahead)) });
    await scene.run(3_000);
    expect(scene.rules).toEqual(['node/time-too-new']);
    expect(scene.transport.isConnected('early')).toBe(true);
    expect(scene.height).toBe(8);
    await scene.close();
  });

  test('strangers that claim a lot and never answer do not keep a chosen peer waiting', async () => {
    const scene = await Scene.open(chain);
    const never = (): Promise<Uint8Array> => new Promise(() => undefined);
    for (let at = 0; at < 20; at++)
      await scene.greeted(`stranger ${at}`, { getHeaders: never }, { ...helloOf(blocks), work: 1n << 99n });
    await scene.dialled('peer', answersOf(chain), helloOf(blocks));
    const startedAt = scene.clock.nowMs();
    await scene.run(120_000, () => scene.height === 60);
    expect(scene.height).toBe(60);
    expect(scene.clock.nowMs() - startedAt).toBeLessThan(10_000);
    await scene.close();
  });

  test('nor do strangers that take all sessions and are slow: one is kept for chosen peers', async () => {
    const scene = await Scene.open(chain);
    const never = (): Promise<Uint8Array> => new Promise(() => undefined);
    for (const name of ['slow', 'slower', 'slowest'])
      await scene.greeted(name, { getHeaders: never }, { ...helloOf(blocks), work: 1n << 99n });
    await scene.dialled('peer', answersOf(chain), helloOf(blocks));
    await scene.run(3_000, () => scene.height === 60);
    expect(scene.height).toBe(60);
    await scene.close();
  });

  test('a peer that never answers does not keep another from being asked', async () => {
    const scene = await Scene.open(chain);
    const never = (): Promise<Uint8Array> => new Promise(() => undefined);
    for (const name of ['mute', 'dumb', 'still'])
      await scene.dialled(name, { getHeaders: never }, { ...helloOf(blocks), work: 1n << 99n });
    await scene.dialled('peer', answersOf(chain), helloOf(blocks));
    const startedAt = scene.clock.nowMs();
    await scene.run(60_000, () => scene.height === 60);
    expect(scene.height).toBe(60);
    expect(scene.clock.nowMs() - startedAt).toBeLessThan(17_000);
    await scene.close();
  });
});
