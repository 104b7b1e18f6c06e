import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';
import { PROVIDER_STATUS_TABLE } from './violation-status.js';

const root = fileURLToPath(new URL('../../../../', import.meta.url));
const read = (path: string): string => readFileSync(join(root, path), 'utf8');

function rulesOf(folder: string, only: RegExp): string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((path) => only.test(path) && !/\.test\.ts$|testing/.test(path))
    .flatMap((path) => [...read(join(folder, path)).matchAll(/rule: '([a-z/-]+)'/g)])
    .map((match) => match[1] as string);
}

const countered = [
  ...read('docs/protocol/provider-api.md').matchAll(/^\| `(agreement\/[a-z-]+)` \| [^\d]/gm),
].map(([, rule]) => rule as string);
const table = [...read('docs/protocol/provider-api.md').matchAll(/^\| `([a-z/-]+)` \| (\d{3}) \|/gm)].map(
  ([, rule, status]) => [rule as string, Number(status)] as const,
);

test('every rule a provider refuses by is in docs/protocol/provider-api.md, and no other', () => {
  const inCode = new Set([
    ...rulesOf('libs/provider', /\.ts$/),
    ...rulesOf('libs/fragment-store', /\.ts$/),
    ...rulesOf('libs/wire', /ticket\.ts$/),
    ...rulesOf('contracts/terms', /leaves\.ts$/),
    'fragment-store/full',
    'fragment-store/disk-full',
    'fragment-store/failed',
    'disk/not-mounted',
    'provider/no-offer',
  ]);
  expect([...table.map(([rule]) => rule), ...countered].sort()).toEqual([...inCode].sort());
});

test.each(table)('%s is answered with status %d', (rule, status) => {
  expect(PROVIDER_STATUS_TABLE[rule] ?? 422).toBe(status);
});
