import { describe, expect, test } from '@jest/globals';
import { nobleCrypto } from '#crypto';
import { CHAIN_RULE_VECTORS, type RuleVectorFile, replayVectors } from '../testing/rules/index.js';
import { readVectors, readVectorText, toVectorJson } from '../testing/vector-file.js';

describe.each(Object.keys(CHAIN_RULE_VECTORS))('rule vectors of the chain: %s', (name) => {
  test('are byte for byte what this code makes', () => {
    expect(toVectorJson(CHAIN_RULE_VECTORS[name]?.())).toBe(readVectorText('chain', `rules/${name}`));
  });

  test('get their verdicts from the law, on the pure road', () => {
    const file = readVectors('chain', `rules/${name}`) as RuleVectorFile;
    expect(file.vectors.length).toBeGreaterThan(10);
    expect(replayVectors(file, [], nobleCrypto)).toEqual([]);
  });

  test('would show a law that differs', () => {
    const file = readVectors('chain', `rules/${name}`) as RuleVectorFile;
    const vectors = file.vectors.map((vector) => ({ ...vector, verdict: 'accept', gives: '00' }));
    expect(replayVectors({ ...file, vectors }, [], nobleCrypto)).toHaveLength(vectors.length);
  });
});
