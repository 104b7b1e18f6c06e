import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const protocol = join(root, 'docs/protocol');

/** Sources of the law, tests and their tools left out. */
function lawSources(): string[] {
  return ['chain', 'contracts'].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
      .filter((path) => path.endsWith('.ts') && !path.endsWith('.test.ts') && !path.includes('testing'))
      .map((path) => readFileSync(join(root, folder, path), 'utf8')),
  );
}

function rulesIn(text: string, pattern: RegExp): string[] {
  return [...text.matchAll(pattern)].map(([, rule]) => rule as string);
}

describe('rule ids', () => {
  const code = new Set(
    lawSources().flatMap((source) =>
      rulesIn(source, /(?:rule: |DecodeError\(\s*|\[)'([a-z-]+\/[a-z0-9-]+)'/g),
    ),
  );
  const errors = readFileSync(join(protocol, 'errors.md'), 'utf8');
  const rows = rulesIn(errors, /^\| `([a-z-]+\/[a-z0-9-]+)` \|/gm);

  test('errors.md names every rule of the code once, and no other', () => {
    expect(code.size).toBeGreaterThan(60);
    expect([...rows].sort()).toEqual([...code].sort());
  });

  test('every rule is also named where its row says', () => {
    const missing: string[] = [];
    for (const [, rule, documents] of errors.matchAll(
      /^\| `([a-z-]+\/[a-z0-9-]+)` \|[^|]*\| ([^|]+) \|$/gm,
    )) {
      for (const name of (documents as string).split(', ')) {
        const text = readFileSync(join(protocol, `${name}.md`), 'utf8');
        if (name !== 'signatures' && !text.includes(`\`${rule}\``)) missing.push(`${rule} in ${name}.md`);
      }
    }
    expect(missing).toEqual([]);
  });
});
