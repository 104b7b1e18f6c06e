import { describe, expect, test } from '@jest/globals';
import type { Connection } from '@libp2p/interface';
import { multiaddr } from '@multiformats/multiaddr';
import { DEFAULT_P2P_LIMITS } from '../p2p-limits.js';
import { AddressBook } from './address-book.js';
import { PeerFinder } from './peer-finder.js';

const ADDRESS = '/ip4/203.0.113.9/tcp/4';

/** A finder with one slot and one peer to call, whose connections are in a state. */
function finderWith(status: Connection['status']): {
  finder: PeerFinder;
  book: AddressBook;
  calls: () => number;
} {
  const book = new AddressBook();
  book.learn('peer', [ADDRESS], undefined, 0);
  let calls = 0;
  const finder = new PeerFinder(
    {
      book,
      bootstrap: [],
      isClosedList: false,
      maxOutbound: 1,
      anchors: [],
      self: 'self',
      dial: () => {
        calls += 1;
        return Promise.resolve({
          status,
          direction: 'outbound',
          remotePeer: 'peer',
          remoteAddr: multiaddr(ADDRESS),
        } as unknown as Connection);
      },
      hangUp: () => undefined,
      isConnected: () => false,
      isBanned: () => false,
      explore: () => Promise.resolve(),
      random: () => 0,
      onDialed: () => undefined,
    },
    0,
  );
  return { finder, book, calls: () => calls };
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('PeerFinder', () => {
  test('a connection that stands takes the slot', async () => {
    const { finder, calls } = finderWith('open');
    finder.tick(10);
    await turn();
    finder.tick(3_600_000);
    await turn();
    expect([finder.isChosen('peer'), calls()]).toEqual([true, 1]);
    finder.close();
  });

  test('one that is put out because it never spoke our protocol has not stayed: it is called less and less', async () => {
    const { finder, book } = finderWith('open');
    finder.tick(10);
    await turn();
    finder.disconnected('peer', Date.now() + DEFAULT_P2P_LIMITS.introductionTimeoutMs + 1_000);
    expect(book.get('peer')?.failures).toBe(1);
    finder.close();
  });

  test('one that has ended before it was handed over is a failed call, and takes none', async () => {
    const { finder, book, calls } = finderWith('closed');
    finder.tick(10);
    await turn();
    expect(finder.isChosen('peer')).toBe(false);
    expect(book.get('peer')?.failures).toBe(1);
    finder.tick(3_600_000);
    await turn();
    expect(calls()).toBe(2);
    finder.close();
  });
});
