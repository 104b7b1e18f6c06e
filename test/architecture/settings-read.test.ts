import { globSync, readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { SETTINGS } from '#config';

const sources = globSync('{apps,libs,tools}/**/*.ts')
  .filter((path) => !/\.test\.ts$|\/testing\/|^libs\/config\//.test(path))
  .map((path) => readFileSync(path, 'utf8'));

test.each(Object.keys(SETTINGS))('somebody reads the setting %s', (key) => {
  const read = new RegExp(`\\bconfig\\.${key}\\b|\\{[^{}]*\\b${key}\\b[^{}]*\\} = (\\w+\\.)?config\\b`);
  expect(sources.some((source) => read.test(source))).toBe(true);
});
