import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { multiaddrToPlace } from '../peers/net-place.js';
import { BanList } from './ban-list.js';
import { PeerScores } from './peer-scores.js';
import { TokenBucket } from './token-bucket.js';

const HOUR = 3_600_000;

describe('TokenBucket', () => {
  test('never grants more than burst + rate x time, whatever the order of questions', () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ afterMs: fc.nat(2_000), count: fc.integer({ min: 1, max: 20 }) }), {
          maxLength: 100,
        }),
        (asks) => {
          const bucket = new TokenBucket({ perSecond: 10, burst: 15 }, 0);
          let nowMs = 0;
          let granted = 0;
          for (const { afterMs, count } of asks) {
            nowMs += afterMs;
            if (bucket.take(count, nowMs)) granted += count;
            expect(granted).toBeLessThanOrEqual(15 + nowMs / 100 + 1e-6);
          }
        },
      ),
    );
  });

  test('says how long a debt takes', () => {
    const bucket = new TokenBucket({ perSecond: 100, burst: 50 }, 0);
    expect(bucket.spend(50, 0)).toBe(0);
    expect(bucket.spend(20, 0)).toBe(200);
    expect(bucket.spend(0, 200)).toBe(0);
    expect(bucket.take(1, 200)).toBe(false);
  });

  test('a clock that goes back refills nothing', () => {
    const bucket = new TokenBucket({ perSecond: 1, burst: 1 }, 10_000);
    expect(bucket.take(1, 10_000)).toBe(true);
    expect(bucket.take(1, 0)).toBe(false);
    expect(bucket.take(1, 10_500)).toBe(false);
  });
});

describe('PeerScores', () => {
  test('halve in ten minutes', () => {
    const scores = new PeerScores();
    expect(scores.add('a', 80, 0)).toBe(80);
    expect(scores.of('a', 600_000)).toBeCloseTo(40);
    expect(scores.add('a', 10, 600_000)).toBeCloseTo(50);
    expect(scores.of('b', 0)).toBe(0);
  });

  test('are bounded, and a flood of new names does not wash away the worst', () => {
    const scores = new PeerScores();
    scores.add('worst', 99, 0);
    for (let at = 0; at < 20_000; at += 1) scores.add(`peer-${at}`, 1, 0);
    expect(scores.size).toBeLessThanOrEqual(4_096);
    expect(scores.of('worst', 0)).toBe(99);
  });
});

describe('BanList', () => {
  const place = multiaddrToPlace('/ip4/203.0.113.9/tcp/1');
  const loopback = multiaddrToPlace('/ip4/127.0.0.1/tcp/1');

  test('every ban is four times as long as the one before, a week at most', () => {
    const bans = new BanList();
    const lengths = [];
    for (let nowMs = 0, times = 0; times < 6; times += 1) {
      const [ban] = bans.ban('a', 'block/x', undefined, nowMs);
      lengths.push((ban!.untilMs - nowMs) / HOUR);
      expect(bans.isBanned('a', ban!.untilMs - 1)).toBe(true);
      expect(bans.isBanned('a', ban!.untilMs)).toBe(false);
      nowMs = ban!.untilMs;
    }
    expect(lengths).toEqual([1, 4, 16, 64, 168, 168]);
  });

  test('survives being written down', () => {
    const bans = new BanList();
    bans.ban('a', 'x', undefined, 0);
    const again = new BanList(JSON.parse(JSON.stringify(bans.all(0))));
    expect(again.isBanned('a', HOUR - 1)).toBe(true);
    expect(again.ban('a', 'x', undefined, HOUR)[0]!.times).toBe(2);
  });

  test('the third peer id of one address bans the address, never that of this machine', () => {
    const bans = new BanList();
    expect(bans.ban('a', 'x', place, 0)).toHaveLength(1);
    expect(bans.ban('a', 'x', place, 0)).toHaveLength(1);
    expect(bans.ban('b', 'x', place, 0)).toHaveLength(1);
    expect(bans.ban('c', 'x', place, 0).map(({ key }) => key)).toEqual(['c', '203.0.113.9']);
    expect(bans.isBanned('203.0.113.9', 1)).toBe(true);
    for (const peer of ['d', 'e', 'f', 'g']) bans.ban(peer, 'x', loopback, 0);
    expect(bans.isBanned('127.0.0.1', 1)).toBe(false);
  });

  test('nor that of a private network: behind a gateway everybody has it', () => {
    const bans = new BanList();
    const gateway = multiaddrToPlace('/ip4/172.17.0.1/tcp/1');
    for (const peer of ['d', 'e', 'f', 'g']) expect(bans.ban(peer, 'x', gateway, 0)).toHaveLength(1);
    expect(bans.isBanned('172.17.0.1', 1)).toBe(false);
    expect(bans.isBanned('d', 1)).toBe(true);
  });

  test('is bounded', () => {
    const bans = new BanList();
    for (let at = 0; at < 5_000; at += 1) bans.ban(`p${at}`, 'x', place, 0);
    expect(bans.all(0).length).toBeLessThanOrEqual(4_096);
    expect(bans.isBanned('p4999', 1)).toBe(true);
  });
});
