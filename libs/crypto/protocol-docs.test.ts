import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import { bytesToHex } from './bytes.js';
import { smallOrderEncodings } from './testing/index.js';
import { baoSliceVectors } from './vectors/bao.js';
import { baoSetVectors } from './vectors/bao-set.js';
import { taggedHashVectors } from './vectors/domain.js';
import { roleKeyVectors, secretVectors } from './vectors/role-keys.js';

// Built code runs from dist/libs/crypto: the project's root is three folders up.
const pageRows = (name: string): string[] => {
  const path = fileURLToPath(new URL(`../../../docs/protocol/${name}`, import.meta.url));
  return readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('|'));
};
const hasRow = (rows: readonly string[], ...cells: readonly string[]): boolean =>
  rows.some((row) => cells.every((cell) => row.includes(cell)));

describe('the vectors printed in docs/protocol are the ones the code passes', () => {
  test('keys.md: every role key and secret', () => {
    const rows = pageRows('keys.md');
    const missing = roleKeyVectors.filter(({ path, publicKey }) => !hasRow(rows, `\`${path}\``, publicKey));
    expect(missing).toEqual([]);
    expect(secretVectors.filter(({ label, secret }) => !hasRow(rows, `\`${label}\``, secret))).toEqual([]);
  });

  test('signatures.md: the tagged hashes and the small-order encodings, no more and no fewer', () => {
    const rows = pageRows('signatures.md');
    const missing = taggedHashVectors.filter(
      ({ tag, networkId, hash }) => !hasRow(rows, tag, `${networkId}`, hash),
    );
    expect(missing).toEqual([]);
    const printed = rows.flatMap((row) => /^\| `([0-9a-f]{64})` \| \d/.exec(row)?.[1] ?? []);
    const positive = smallOrderEncodings().filter((bytes) => (bytes[31] as number) < 0x80);
    expect(printed.sort()).toEqual(positive.map(bytesToHex).sort());
  });

  test('trees.md: the slices it shows', () => {
    const shown = pageRows('trees.md').flatMap((row) => {
      const cells = /^\| ([\d,]+) \| (\d+) \| ([\d,]+) \| `([0-9a-f]{64})`/.exec(row)?.slice(1) as
        | string[]
        | undefined;
      return cells === undefined ? [] : [cells.map((cell) => cell.replaceAll(',', '')).join(' ')];
    });
    const known = baoSliceVectors.map(
      (v) => `${v.lengthBytes} ${v.chunkIndex} ${v.sliceBytes} ${v.sliceBlake3}`,
    );
    expect(shown).toHaveLength(3);
    expect(shown.filter((row) => !known.includes(row))).toEqual([]);
  });

  test('trees.md: the slices of sets, no more and no fewer', () => {
    const shown = pageRows('trees.md').flatMap(
      (row) =>
        /^\| [\d,]+ \| \d[^|]*[ ,][^|]* \| ([\d,]+) \| `([0-9a-f]{64})`/.exec(row)?.slice(1).join(' ') ?? [],
    );
    expect(shown).toEqual(
      baoSetVectors.map((v) => `${v.sliceBytes.toLocaleString('en-US')} ${v.sliceBlake3}`),
    );
  });
});
