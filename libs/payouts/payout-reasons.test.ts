import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import ts from 'typescript';
import { PAYOUT_REASONS } from './payout-reasons.js';

const CONTRACTS = fileURLToPath(new URL('../../../contracts/', import.meta.url));

/** Every reason that the law of contracts moves coins under, read from its sources. */
async function reasonsOfTheLaw(): Promise<Map<string, string>> {
  const names = await readdir(CONTRACTS, { recursive: true });
  const sources = names.filter((name) => /^(?!testing|vectors).*(?<!\.test)\.ts$/.test(name));
  const reasons = new Map<string, string>();
  for (const name of sources) {
    const text = await readFile(join(CONTRACTS, name), 'utf8');
    const source = ts.createSourceFile(name, text, ts.ScriptTarget.Latest, true);
    const visit = (node: ts.Node): void => {
      if (ts.isCallExpression(node) && ts.isPropertyAccessExpression(node.expression)) {
        const called = node.expression.name.text;
        const reason = node.arguments[3];
        if ((called === 'move' || called === 'mustMove') && reason !== undefined) {
          const found = literalsOf(reason);
          if (found.length === 0) throw new Error(`${name}: the reason ${reason.getText()} is no literal`);
          for (const literal of found) reasons.set(literal, name);
        }
      }
      ts.forEachChild(node, visit);
    };
    visit(source);
  }
  return reasons;
}

/** `'a'`, or `x ? 'a' : 'b'`. */
function literalsOf(node: ts.Expression): string[] {
  if (ts.isStringLiteral(node)) return [node.text];
  return ts.isConditionalExpression(node)
    ? [...literalsOf(node.whenTrue), ...literalsOf(node.whenFalse)]
    : [];
}

describe('reasons of postings', () => {
  test('every one of the law has a group and a meaning, and none is left that the law does not know', async () => {
    const law = await reasonsOfTheLaw();
    expect(law.size).toBeGreaterThan(20);
    expect([...law.keys()].filter((reason) => PAYOUT_REASONS[reason] === undefined)).toEqual([]);
    expect(Object.keys(PAYOUT_REASONS).filter((reason) => !law.has(reason))).toEqual([]);
  });

  test('every meaning is one of its own', () => {
    const meanings = Object.values(PAYOUT_REASONS).map(({ meaning }) => meaning);
    expect(new Set(meanings).size).toBe(meanings.length);
  });
});
