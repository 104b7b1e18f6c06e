import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { LedgerEventView } from '#wire';
import { forkAt, grow, newChain, submitFrom } from '../testing/forks.js';
import { TestLedger } from '../testing/test-ledger.js';

let test: TestLedger;
beforeEach(async () => {
  test = await TestLedger.open();
});
afterEach(async () => {
  await test.close();
});

/** Reads a number of events and ends the stream. */
async function take(lastEventId: string | undefined, count: number): Promise<LedgerEventView[]> {
  const controller = new AbortController();
  const events: LedgerEventView[] = [];
  for await (const event of test.ledger.follow({ lastEventId }, controller.signal)) {
    events.push(event);
    if (events.length === count) controller.abort();
  }
  return events;
}

const idAt = (height: number) => `${height}-${test.ledger.chain.tree.mainAt(height)?.id}`;

describe('the stream of events', () => {
  it('delivers every block after the given one, once and in order', async () => {
    await test.mine(5);
    const events = await take(idAt(1), 4);
    expect(events.map(({ type, id }) => [type, id])).toEqual(
      [2, 3, 4, 5].map((height) => ['block', idAt(height)]),
    );
  });

  it('tells a reader whose branch was abandoned, with both branches, then the new blocks', async () => {
    const a = newChain();
    a.mineTo(4);
    const b = forkAt(a, 2);
    grow(b, [], { coinbase: { miner: b.wallet('other miner').account } });
    b.mineTo(5);
    await submitFrom(test, a, 1);
    const seen = idAt(4);
    await submitFrom(test, b, 3);
    const [reorg, ...blocks] = await take(seen, 4);
    expect(reorg).toEqual({
      type: 'reorg',
      id: idAt(2),
      height: 5,
      forkHeight: 2,
      abandoned: [a.at(3).block.id, a.at(4).block.id],
      adopted: [3, 4, 5].map((height) => b.at(height).block.id),
    });
    expect(blocks.map(({ id }) => id)).toEqual([3, 4, 5].map(idAt));
    // The same from the event itself: a reader that stopped right after it misses nothing.
    expect((await take(reorg?.id, 3)).map(({ id }) => id)).toEqual([3, 4, 5].map(idAt));
  });

  it('tells a reader of a block this node never had to read everything again', async () => {
    await test.mine(2);
    const foreign = 'ab'.repeat(32);
    const [event] = await take(`7-${foreign}`, 1);
    expect(event).toMatchObject({ type: 'reorg', forkHeight: 0, abandoned: [foreign], id: idAt(2) });
  });

  it('refuses an id that is none', () => {
    const { signal } = new AbortController();
    expect(() => test.ledger.follow({ lastEventId: 'yesterday' }, signal)).toThrow(
      expect.objectContaining({ code: 'ledger/bad-event-id' }),
    );
  });

  it('ends when the reader aborts while it waits, and when the ledger closes', async () => {
    const controller = new AbortController();
    const waiting = test.ledger.follow({}, controller.signal)[Symbol.asyncIterator]().next();
    controller.abort();
    expect((await waiting).done).toBe(true);
    const closing = test.ledger.follow({}, new AbortController().signal)[Symbol.asyncIterator]().next();
    await test.ledger.close();
    expect((await closing).done).toBe(true);
  });
});
