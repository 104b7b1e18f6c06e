import { describe, expect, test } from '@jest/globals';
import { encodeBlock } from '#chain';
import { encodeMessage, type MessageBody } from '../messages/messages.js';
import { type Answers, answersOf, blocksOf, helloOf, newTestChain, Scene } from '../testing/index.js';

const chain = newTestChain(300);
const blocks = blocksOf(chain);
const honest = answersOf(chain);
const hello = helloOf(blocks);

/** Answers honestly but for blocks. */
function liar(getBlocks: (body: MessageBody<'getBlocks'>) => Uint8Array | Promise<Uint8Array>): Answers {
  return { ...honest, getBlocks };
}

const bytesOf = new Map(blocks.map((block) => [block.id, block]));

/** A body that is not its header's: the coinbase of another block. */
function wrongBody(id: (typeof blocks)[0]['id']): Uint8Array {
  const block = bytesOf.get(id);
  const other = blocks.find((each) => each.id !== id);
  if (block === undefined || other === undefined) throw new Error('no such block');
  return encodeBlock(block.header, other.coinbaseBytes, []);
}

async function syncWith(peers: Readonly<Record<string, Answers>>, limitMs: number): Promise<Scene> {
  const scene = await Scene.open(chain);
  for (const [name, answers] of Object.entries(peers)) await scene.dialled(name, answers, hello);
  await scene.run(limitMs, () => scene.height === 300);
  return scene;
}

describe('download of bodies', () => {
  test('several peers share the work', async () => {
    const scene = await syncWith({ a: honest, b: honest, c: honest }, 20_000);
    expect(scene.height).toBe(300);
    expect(scene.rules).toEqual([]);
    const { counters, peers } = scene.engine.status();
    expect(counters.bodiesReceived).toBe(300);
    expect(peers.filter(({ bytesPerSecond }) => bytesPerSecond > 0).length).toBeGreaterThan(1);
    await scene.close();
  });

  test('peers that stall cost seconds, not the sync', async () => {
    const never = liar(() => new Promise(() => undefined));
    const alone = await syncWith({ a: honest }, 60_000);
    const crowd = await syncWith({ s1: never, s2: never, s3: never, a: honest }, 60_000);
    expect(crowd.height).toBe(300);
    const spent = ({ clock }: Scene): number => clock.nowMs();
    expect(spent(crowd) - spent(alone)).toBeLessThan(5_000);
    await alone.close();
    await crowd.run(10_000);
    expect(crowd.rules).toContain('sync/timeout');
    await crowd.close();
  });

  test('a pause of this machine is held against nobody', async () => {
    const never = liar(() => new Promise(() => undefined));
    const scene = await Scene.open(chain);
    for (const name of ['a', 'b']) await scene.dialled(name, never, hello);
    await scene.run(1_000);
    scene.clock.stall(600_000);
    await scene.run(1_000);
    expect(scene.rules).toEqual([]);
    await scene.run(60_000);
    expect(scene.rules).toContain('sync/timeout');
    await scene.close();
  });

  test('a body that is not its header’s: the sender is banned, the block comes from another', async () => {
    const lies = liar(({ ids }) => encodeMessage('blocks', { blocks: ids.map(wrongBody) }));
    const scene = await syncWith({ liar: lies, a: honest }, 20_000);
    expect(scene.height).toBe(300);
    expect(scene.rules).toContain('sync/body-mismatch');
    expect(scene.transport.isBanned('liar')).toBe(true);
    expect(scene.transport.isBanned('a')).toBe(false);
    await scene.close();
  });

  test('other blocks than those asked for', async () => {
    const first = blocks[0] as (typeof blocks)[0];
    const lies = liar(({ ids }) => encodeMessage('blocks', { blocks: ids.map(() => first.bytes) }));
    const scene = await syncWith({ liar: lies, a: honest }, 20_000);
    expect(scene.height).toBe(300);
    expect(scene.rules).toContain('sync/wrong-block');
    await scene.close();
  });

  test('more blocks than were asked for, answers that are no blocks, answers that are too large', async () => {
    const more = liar(({ ids }) =>
      encodeMessage('blocks', { blocks: [...ids, ...ids].map(() => new Uint8Array(100)).slice(0, 128) }),
    );
    const other = liar(() => encodeMessage('getWaiting', {}));
    const huge = liar(() => new Uint8Array(8_000_000));
    const scene = await syncWith({ more, other, huge, a: honest }, 40_000);
    expect(scene.height).toBe(300);
    const faults = scene.rules.filter((rule) => rule !== 'sync/peer-gone');
    expect(new Set(faults)).toEqual(
      new Set(['sync/too-many-answers', 'peer/unexpected-message', 'sync/answer-too-large']),
    );
    await scene.close();
  });

  test('headers whose bodies nobody gives do not hide a chain whose bodies are to be had', async () => {
    const scene = await Scene.open(chain);
    const shorter = blocks.slice(0, 250);
    const hider = liar(({ ids }) => encodeMessage('blocks', { blocks: ids.map(() => new Uint8Array()) }));
    await scene.dialled('hider', hider, hello);
    await scene.dialled(
      'a',
      answersOf(chain, () => shorter),
      helloOf(shorter),
    );
    await scene.run(30_000, () => scene.height === 250);
    expect(scene.height).toBe(250);
    expect(scene.rules).toContain('sync/no-bodies');
    expect(scene.transport.isConnected('a')).toBe(true);
    await scene.close();
  });

  test('nor do they where silence is the answer, and both chains weigh the same', async () => {
    const scene = await Scene.open(chain, { height: 299 });
    const fork = newTestChain();
    for (const block of blocks.slice(0, 299)) fork.add(block);
    const rival = fork.draft([], { header: { time: fork.tip.block.header.time + 2 } });
    fork.add(rival);
    const silent = { ...answersOf(fork), getBlocks: () => new Promise<Uint8Array>(() => undefined) };
    await scene.dialled('silent', silent, { ...hello, tip: rival.id });
    await scene.dialled('a', honest, hello);
    await scene.run(40_000, () => scene.height === 300);
    expect(scene.height).toBe(300);
    await scene.close();
  });

  test('what this node refuses for reasons of its own is nobody’s fault', async () => {
    const scene = await Scene.open(chain);
    scene.node.access.submitBlock = () =>
      Promise.resolve({ ok: false, violation: { rule: 'node/low-work-headers' } });
    await scene.dialled('a', honest, hello);
    await scene.run(3_000);
    expect(scene.rules).toEqual([]);
    expect(scene.transport.isConnected('a')).toBe(true);
    await scene.close();
  });

  test('the window is bounded in bytes while the oldest block is missing', async () => {
    const maxBodyBytes = 16_000;
    const scene = await Scene.open(chain, { maxBodyBytes });
    const first = (blocks[0] as (typeof blocks)[0]).id;
    const late = liar(async (body) => {
      if (body.ids.includes(first))
        await new Promise((resolve) => scene.clock.after(5_000, () => resolve(undefined)));
      return (honest.getBlocks as NonNullable<Answers['getBlocks']>)(body);
    });
    await scene.dialled('a', late, hello);
    let most = 0;
    for (let step = 0; step < 400 && scene.height < 300; step++) {
      await scene.run(50, () => scene.height === 300);
      most = Math.max(most, scene.engine.status().bodyBytes);
    }
    expect(scene.height).toBe(300);
    expect(most).toBeGreaterThan(0);
    expect(most).toBeLessThan(2 * maxBodyBytes);
    await scene.close();
  });

  test('a peer that goes in the middle is replaced by one that comes', async () => {
    const scene = await Scene.open(chain);
    await scene.dialled('a', honest, hello);
    await scene.run(5_000, () => scene.height > 20);
    scene.transport.drop('a');
    await scene.run(3_000);
    await scene.dialled('b', honest, hello);
    await scene.run(10_000, () => scene.height === 300);
    expect(scene.height).toBe(300);
    await scene.close();
  });

  test('stopped in the middle: nothing runs on', async () => {
    const scene = await Scene.open(chain);
    await scene.dialled('a', honest, hello);
    await scene.run(5_000, () => scene.height > 20);
    await scene.engine.stop();
    await scene.engine.stop();
    const { height } = scene;
    await scene.run(100_000);
    expect(scene.height).toBe(height);
    await scene.close();
    await scene.run(1);
    expect(scene.clock.pending).toBe(0);
  });
});
