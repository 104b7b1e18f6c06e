import { describe, expect, test } from '@jest/globals';
import { AppError } from '#errors';
import { FragmentPace } from './fragment-pace.js';
import { type FragmentRace, raceFragments } from './fragment-race.js';

type Holder = 'gives' | 'fails' | 'hangs';

/** A race among holders that behave as told, with a pace that says 20 ms are usual. */
function among(holders: readonly Holder[], changes: Partial<FragmentRace> = {}) {
  const asked: number[] = [];
  const cancelled: number[] = [];
  const overtaken: number[] = [];
  const pace = new FragmentPace();
  for (let answer = 0; answer < 32; answer++) pace.note(20);
  const run = raceFragments({
    needed: 2,
    next: async () => (asked.length < holders.length ? asked.length : undefined),
    fetch: (index, signal) => {
      asked.push(index);
      return new Promise((resolve, reject) => {
        signal.addEventListener('abort', () => {
          cancelled.push(index);
          reject(signal.reason as Error);
        });
        if (holders[index] === 'gives') setTimeout(() => resolve(Uint8Array.of(index)), 5);
        if (holders[index] === 'fails') reject(new AppError({ code: 'a/b', message: `no ${index}` }));
      });
    },
    onInTime: () => undefined,
    onOvertaken: (index) => overtaken.push(index),
    isSuspect: () => false,
    pace,
    ...changes,
  });
  return { run, asked, cancelled, overtaken };
}

describe('a race for fragments', () => {
  test('asks for as many as are needed and no more', async () => {
    const { run, asked } = among(['gives', 'gives', 'gives']);
    const outcome = await run;
    expect(outcome.ok && [...outcome.found.keys()]).toEqual([0, 1]);
    expect(asked).toEqual([0, 1]);
  });

  test('replaces one that fails at once; one that hangs gets a rival, is overtaken and cancelled', async () => {
    const startedMs = performance.now();
    const { run, asked, cancelled, overtaken } = among(['fails', 'hangs', 'gives', 'gives']);
    const outcome = await run;
    expect(outcome.ok && [...outcome.found.keys()].sort()).toEqual([2, 3]);
    expect([asked, overtaken]).toEqual([[0, 1, 2, 3], [1]]);
    expect(cancelled).toContain(1);
    expect(performance.now() - startedMs).toBeGreaterThanOrEqual(95);
  });

  test('says how many there were and why, where there are too few', async () => {
    const { run } = among(['gives', 'fails', 'fails']);
    expect(await run).toEqual({ ok: false, found: 1, failures: ['no 1', 'no 2'] });
  });

  test('ends with the reason of its signal', async () => {
    const stop = new AbortController();
    const { run, cancelled } = among(['hangs', 'hangs'], { signal: stop.signal });
    setTimeout(() => stop.abort(new AppError({ code: 'x/stopped', message: 'stopped' })), 10);
    await expect(run).rejects.toMatchObject({ code: 'x/stopped' });
    expect(cancelled.sort()).toEqual([0, 1]);
  });

  test('does not take a fault of ours for a holder’s', async () => {
    let next = 0;
    const changes = {
      next: async () => next++,
      fetch: () => Promise.reject(new TypeError('ours')),
    };
    await expect(among([], changes).run).rejects.toThrow('ours');
  });
});

describe('the pace of a read', () => {
  test('late is four times what the quickest quarter took, a tenth of a second at least', () => {
    const pace = new FragmentPace();
    expect(pace.lateAfterMs()).toBe(500);
    for (const ms of [900, 50, 60, 950, 910, 920, 940, 930]) pace.note(ms);
    expect(pace.lateAfterMs()).toBe(3_600);
    for (let answer = 0; answer < 32; answer++) pace.note(1);
    expect(pace.lateAfterMs()).toBe(100);
  });

  test('rivals are rationed: eight at once, one more for eight answers; hopeless ones and suspects get theirs', () => {
    const pace = new FragmentPace();
    for (let answer = 0; answer < 32; answer++) pace.note(50);
    expect(pace.takeRival(199, false)).toBe(false);
    expect(Array.from({ length: 10 }, () => pace.takeRival(201, false)).filter(Boolean)).toHaveLength(8);
    expect(pace.takeRival(799, false)).toBe(false);
    expect(pace.takeRival(801, false)).toBe(true);
    expect(pace.takeRival(51, true)).toBe(true);
    for (let answer = 0; answer < 8; answer++) pace.note(50);
    expect([pace.takeRival(201, false), pace.takeRival(201, false)]).toEqual([true, false]);
  });
});
