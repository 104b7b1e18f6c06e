import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { AddressBook, type KnownPeer } from './address-book.js';
import { multiaddrToPlace } from './net-place.js';
import { chooseEviction, chooseOutbound, pauseAfterFailures } from './peer-choice.js';

const known = (peer: string, address: string, fields: Partial<KnownPeer> = {}): KnownPeer => ({
  peer,
  addresses: [address],
  group: multiaddrToPlace(address)?.group ?? '',
  source: 's',
  heardMs: 0,
  triedMs: 0,
  reachedMs: 0,
  failures: 0,
  ...fields,
});
const someIp = fc
  .tuple(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 0, max: 3 }), fc.nat(255), fc.nat(255))
  .map((parts) => `/ip4/${parts.join('.')}/tcp/7104`);
const somePeers = fc.uniqueArray(
  fc.record({ at: fc.nat(500), address: someIp, isReached: fc.boolean(), failures: fc.nat(3) }),
  { maxLength: 60, selector: ({ at }) => at },
);

/** Fills slots one after the other, as the finder does. */
function fill(peers: readonly KnownPeer[], slots: number, random: () => number): KnownPeer[] {
  const chosen: KnownPeer[] = [];
  while (chosen.length < slots) {
    const next = chooseOutbound({
      candidates: peers,
      takenGroups: new Set(chosen.map(({ group }) => group)),
      excluded: (peer) => chosen.some((one) => one.peer === peer),
      nowMs: 10 ** 12,
      random,
    });
    if (next === undefined) break;
    chosen.push(next);
  }
  return chosen;
}

describe('chooseOutbound', () => {
  test('no group holds two slots while another group is known', () => {
    fc.assert(
      fc.property(
        somePeers,
        fc.integer({ min: 1, max: 8 }),
        fc.infiniteStream(fc.double({ min: 0, max: 0.999, noNaN: true })),
        (list, slots, chance) => {
          const peers = list.map(({ at, address, isReached, failures }) =>
            known(String(at), address, { reachedMs: isReached ? 1 : 0, failures }),
          );
          const chosen = fill(peers, slots, () => chance.next().value as number);
          const groups = new Set(peers.map(({ group }) => group));
          const used = new Set(chosen.map(({ group }) => group));
          expect(used.size).toBe(Math.min(slots, groups.size));
          expect(new Set(chosen.map(({ peer }) => peer)).size).toBe(chosen.length);
          expect(chosen.length).toBe(groups.size >= slots ? slots : Math.min(slots, peers.length));
        },
      ),
    );
  });

  test('one party with thousands of addresses in one network gets one slot of eight', () => {
    const honest = Array.from({ length: 8 }, (_, at) => known(`honest ${at}`, `/ip4/20.${at}.0.1/tcp/1`));
    const sybils = Array.from({ length: 2_000 }, (_, at) =>
      known(`sybil ${at}`, `/ip4/66.6.${at % 256}.${at % 250}/tcp/1`),
    );
    let seed = 7;
    const random = (): number => {
      seed = (seed * 16_807) % 2_147_483_647;
      return (seed - 1) / 2_147_483_646;
    };
    const chosen = fill([...sybils, ...honest], 8, random);
    expect(chosen).toHaveLength(8);
    expect(chosen.filter(({ peer }) => peer.startsWith('sybil')).length).toBeLessThanOrEqual(1);
  });

  test('waits longer after every failure, and never long for a peer that was there before', () => {
    const pauses = [0, 1, 2, 3, 20].map((failures) => pauseAfterFailures({ failures, reachedMs: 0 }));
    expect(pauses).toEqual([0, 2_000, 4_000, 8_000, 30 * 60_000]);
    expect(pauseAfterFailures({ failures: 9, reachedMs: 1 })).toBe(20_000);
    const failed = known('a', '/ip4/1.2.3.4/tcp/1', { failures: 1, triedMs: 1_000 });
    const ask = (nowMs: number) =>
      chooseOutbound({
        candidates: [failed],
        takenGroups: new Set(),
        excluded: () => false,
        nowMs,
        random: () => 0,
      });
    expect(ask(2_999)).toBeUndefined();
    expect(ask(3_000)).toBe(failed);
  });
});

describe('chooseEviction', () => {
  test('a flood from one network displaces only itself', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 5 }), { minLength: 1, maxLength: 60 }),
        fc.integer({ min: 0, max: 6 }),
        (groups, own) => {
          const connections = groups.map((group, at) => ({
            id: String(at),
            group: `g${group}`,
            sinceMs: at,
          }));
          const evicted = chooseEviction(connections, `g${own}`);
          const size = (name: string): number => connections.filter(({ group }) => group === name).length;
          const most = Math.max(...groups.map((group) => size(`g${group}`)));
          if (evicted === undefined) expect(most).toBeLessThan(size(`g${own}`) + 2);
          else {
            expect(size(evicted.group)).toBe(most);
            expect(evicted.group).not.toBe(`g${own}`);
            expect(
              connections.filter((one) => one.group === evicted.group && one.sinceMs > evicted.sinceMs),
            ).toEqual([]);
          }
        },
      ),
    );
  });
});

describe('AddressBook', () => {
  const somewhere = multiaddrToPlace('/ip4/8.8.8.8/tcp/1');

  test('one network fills 32 places, one source 128, all of them 2048', () => {
    const book = new AddressBook();
    for (let at = 0; at < 2_500; at += 1)
      book.learn(
        `a${at}`,
        [`/ip4/66.6.${at % 256}.${at >> 8}/tcp/1`],
        multiaddrToPlace(`/ip4/9.${at % 200}.1.1/tcp/1`),
        at,
      );
    expect(book.size).toBe(32);
    for (let at = 0; at < 2_500; at += 1)
      book.learn(`b${at}`, [`/ip4/${1 + (at % 60)}.${at % 200}.1.${at % 250}/tcp/1`], somewhere, at);
    expect(book.all().filter(({ peer }) => peer.startsWith('b')).length).toBe(128);
    for (let at = 0; at < 3_000; at += 1)
      book.learn(
        `c${at}`,
        [`/ip4/${1 + (at % 60)}.${at % 250}.1.1/tcp/1`],
        multiaddrToPlace(`/ip4/${70 + (at % 100)}.${at % 250}.1.1/tcp/1`),
        at,
      );
    expect(book.size).toBeLessThanOrEqual(2_048);
  });

  test('what was reached is not displaced by what was only heard of', () => {
    fc.assert(
      fc.property(fc.array(someIp, { minLength: 50, maxLength: 120 }), (addresses) => {
        const book = new AddressBook();
        for (let at = 0; at < 20; at += 1) book.reached(`good ${at}`, `/ip4/5.5.0.${at}/tcp/1`, 1 + at);
        addresses.forEach((address, at) => {
          book.learn(`new ${at}`, [address], somewhere, 10 ** 9 + at);
          book.learn(`near ${at}`, [`/ip4/5.5.9.${at % 250}/tcp/1`], somewhere, 10 ** 9 + at);
        });
        for (let at = 0; at < 20; at += 1) expect(book.get(`good ${at}`)).toBeDefined();
        expect(book.all().filter((one) => one.group === '5.5.0.0/16').length).toBeLessThanOrEqual(32);
      }),
      { numRuns: 10, endOnFailure: true },
    );
  });

  test('a third party cannot talk us out of an address that worked', () => {
    const book = new AddressBook();
    book.reached('a', '/ip4/5.5.5.5/tcp/1', 1);
    book.learn(
      'a',
      ['/ip4/6.6.6.1/tcp/1', '/ip4/6.6.6.2/tcp/1', '/ip4/6.6.6.3/tcp/1', '/ip4/6.6.6.4/tcp/1'],
      somewhere,
      2,
    );
    expect(book.get('a')?.addresses[0]).toBe('/ip4/5.5.5.5/tcp/1');
    expect(book.get('a')?.addresses).toHaveLength(4);
  });

  test('addresses of private networks are taken from private networks only', () => {
    const book = new AddressBook();
    const lan = multiaddrToPlace('/ip4/192.168.1.7/tcp/1');
    book.learn(
      'a',
      ['/ip4/192.168.1.5/tcp/1', '/ip4/127.0.0.1/tcp/22', `/ip4/9.9.9.9/tcp/${'1'.repeat(300)}`],
      somewhere,
      1,
    );
    expect(book.size).toBe(0);
    book.learn('a', ['/ip4/192.168.1.5/tcp/1', '/ip4/127.0.0.1/tcp/22'], lan, 1);
    expect(book.get('a')?.addresses).toEqual(['/ip4/192.168.1.5/tcp/1']);
  });

  test('forgets who was never reached sooner than who once was', () => {
    const book = new AddressBook();
    book.learn('never', ['/ip4/1.1.1.1/tcp/1'], somewhere, 0);
    book.reached('once', '/ip4/2.2.2.2/tcp/1', 1);
    for (let at = 0; at < 4; at += 1) for (const peer of ['never', 'once']) book.failed(peer, at);
    expect(book.get('never')).toBeUndefined();
    expect(book.get('once')?.failures).toBe(4);
    book.stayed('once', 9);
    expect(book.get('once')?.failures).toBe(0);
  });
});
