import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import { OFFENCES, offenceOf } from './offences.js';

const root = fileURLToPath(new URL('../../../', import.meta.url));

describe('the table of offences', () => {
  test('is the one of docs/protocol/network.md, row for row', () => {
    const text = readFileSync(`${root}docs/protocol/network.md`, 'utf8');
    const rows = [...text.matchAll(/^\| ([a-z]+) \| `([^`]+)` \| (\d+) \| (.+) \|$/gm)].map(
      ([, context, rule, weight, why]) => ({ context, rule, weight: Number(weight), why }),
    );
    expect(rows).toEqual(OFFENCES);
  });

  test('has a row for every rule the engine names', () => {
    const named = readdirSync(`${root}libs/sync`, { recursive: true, encoding: 'utf8' })
      .filter((path) => path.endsWith('.ts') && !path.includes('test'))
      .flatMap((path) => [
        ...readFileSync(`${root}libs/sync/${path}`, 'utf8').matchAll(/'((?:sync|peer)\/[a-z-]+)'/g),
      ])
      .map(([, rule]) => rule as string);
    const rows = new Set(OFFENCES.map(({ rule }) => rule));
    expect(new Set(named).size).toBeGreaterThan(25);
    expect([...new Set(named)].filter((rule) => !rows.has(rule))).toEqual([]);
  });

  test('weighs a rule of the law by what the peer was doing', () => {
    expect(offenceOf('block', 'tx/sequence-used').weight).toBe(100);
    expect(offenceOf('transaction', 'tx/sequence-used').weight).toBe(0);
    expect(offenceOf('transaction', 'codec/length').weight).toBe(50);
    expect(offenceOf('header', 'header/bits').weight).toBe(100);
    expect(offenceOf('header', 'node/time-too-new').weight).toBe(0);
  });
});
