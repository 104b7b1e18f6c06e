import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { LedgerEventView } from '#wire';
import { forkAt, grow, newChain, submitFrom } from '../testing/forks.js';
import { TestLedger } from '../testing/test-ledger.js';
import { EventStream } from './event-stream.js';

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
/** The chain's part of an event id. */
const chainPart = (id: string | undefined) => id?.split('-').slice(0, 2).join('-');

describe('the stream of events', () => {
  it('delivers every block after the given one, once and in order', async () => {
    await test.mine(5);
    const events = await take(idAt(1), 4);
    expect(events.map(({ type, id }) => [type, chainPart(id)])).toEqual(
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
      id: expect.stringContaining(idAt(2)),
      height: 5,
      forkHeight: 2,
      abandoned: [a.at(3).block.id, a.at(4).block.id],
      adopted: [3, 4, 5].map((height) => b.at(height).block.id),
    });
    expect(blocks.map(({ id }) => chainPart(id))).toEqual([3, 4, 5].map(idAt));
    // The same from the event itself: a reader that stopped right after it misses nothing.
    expect((await take(reorg?.id, 3)).map(({ id }) => chainPart(id))).toEqual([3, 4, 5].map(idAt));
  });

  it('tells a reader of a block this node never had to read everything again', async () => {
    await test.mine(2);
    const foreign = 'ab'.repeat(32);
    const [event] = await take(`7-${foreign}`, 1);
    expect(chainPart(event?.id)).toBe(idAt(2));
    expect(event).toMatchObject({ type: 'reorg', forkHeight: 0, abandoned: [foreign] });
  });

  it('refuses an id that is none', () => {
    const { signal } = new AbortController();
    expect(() => test.ledger.follow({ lastEventId: 'yesterday' }, signal)).toThrow(
      expect.objectContaining({ code: 'ledger/bad-event-id' }),
    );
  });

  it('tells a reader that was away of the transactions it missed, and those only', async () => {
    const [a, b] = [test.wallet('a'), test.wallet('b')];
    await test.fund(1_000_000n, a, b);
    const from = (await test.ledger.status()).eventId;
    const sent: string[] = [];
    for (let count = 0; count < 5; count++) sent.push(await test.transfer(a, b, 1n));
    const toldIds = (events: readonly LedgerEventView[]) =>
      events.map((event) => (event.type === 'transaction' ? event.transactionId : event.type));
    const first = await take(from, 2);
    expect(toldIds(first)).toEqual(sent.slice(0, 2));
    await test.mine();
    sent.push(await test.transfer(a, b, 1n));
    // A block in between: the chain's part and the transactions' part go on each by itself.
    const rest = await take(first.at(-1)?.id, 5);
    expect(toldIds(rest)).toEqual(['block', ...sent.slice(2)]);
    const again = await take(rest[2]?.id, 2);
    expect(toldIds(again)).toEqual(sent.slice(4));
  });

  it('takes an id without the part for transactions, or of a run before a restart, as: from now on', async () => {
    const [a, b] = [test.wallet('a'), test.wallet('b')];
    await test.fund(1_000_000n, a, b);
    await test.transfer(a, b, 1n);
    const { eventId } = await test.ledger.status();
    await test.reopen();
    for (const id of [eventId, idAt(test.height)]) {
      const stop = new AbortController();
      const next = test.ledger.follow({ lastEventId: id }, stop.signal)[Symbol.asyncIterator]().next();
      const sent = await test.transfer(a, b, 1n);
      expect((await next).value).toMatchObject({ transactionId: sent });
      stop.abort();
    }
  });

  it('skips what it has forgotten for a reader that is too slow, and holds no more than that', async () => {
    const stream = new EventStream(test.ledger.chain.tree, 10);
    const from = stream.position();
    for (let number = 0; number < 25; number++) stream.transactionArrived(String(number), 'transfer');
    const stop = new AbortController();
    const seen: string[] = [];
    for await (const event of stream.follow(from, stop.signal)) {
      if (event.type === 'transaction') seen.push(event.transactionId);
      if (seen.length === 10) stop.abort();
    }
    expect(seen).toEqual(Array.from({ length: 10 }, (_, index) => String(index + 15)));
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
