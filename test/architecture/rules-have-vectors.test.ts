import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';

const root = fileURLToPath(new URL('../../../', import.meta.url));

interface Vector {
  readonly rule: string;
  readonly verdict: string;
}

function vectorsOf(folder: 'chain' | 'contracts'): readonly Vector[] {
  const rules = join(root, folder, 'vectors/rules');
  return readdirSync(rules).flatMap(
    (name) => (JSON.parse(readFileSync(join(rules, name), 'utf8')) as { vectors: Vector[] }).vectors,
  );
}

describe('every rule has vectors', () => {
  const vectors = [...vectorsOf('chain'), ...vectorsOf('contracts')];
  const errors = readFileSync(join(root, 'docs/protocol/errors.md'), 'utf8');
  const rules = [...errors.matchAll(/^\| `([a-z-]+\/[a-z0-9-]+)` \|/gm)].map(([, rule]) => rule as string);

  test('one at its border that is accepted', () => {
    const shown = new Set(vectors.filter(({ verdict }) => verdict === 'accept').map(({ rule }) => rule));
    expect(rules.length).toBeGreaterThan(60);
    expect(rules.filter((rule) => !shown.has(rule))).toEqual([]);
  });

  test('one that it refuses', () => {
    const shown = new Set(vectors.filter(({ rule, verdict }) => verdict === rule).map(({ rule }) => rule));
    expect(rules.filter((rule) => !shown.has(rule))).toEqual([]);
  });

  test('no vector is about a rule that is not in the table', () => {
    expect(vectors.filter(({ rule }) => !rules.includes(rule))).toEqual([]);
    expect(vectors.filter(({ rule, verdict }) => verdict !== 'accept' && verdict !== rule)).toEqual([]);
  });
});
