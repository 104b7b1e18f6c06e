import { describe, expect, test } from '@jest/globals';
import { nobleCrypto } from '#crypto';
import { type RuleVectorFile, replayVectors } from '../../chain/testing/rules/index.js';
import { readVectors, readVectorText, toVectorJson } from '../../chain/testing/vector-file.js';
import { contractsModule } from '../module.js';
import { CONTRACT_RULE_VECTORS, judgeStateObject } from '../testing/rules/index.js';

describe.each(Object.keys(CONTRACT_RULE_VECTORS))('rule vectors of contracts: %s', (name) => {
  test('are byte for byte what this code makes', () => {
    expect(toVectorJson(CONTRACT_RULE_VECTORS[name]?.())).toBe(readVectorText('contracts', `rules/${name}`));
  });

  test('get their verdicts from the law, on the pure road', () => {
    const file = readVectors('contracts', `rules/${name}`) as RuleVectorFile;
    expect(file.vectors.length).toBeGreaterThan(5);
    expect(replayVectors(file, [contractsModule], nobleCrypto, judgeStateObject)).toEqual([]);
  });
});
