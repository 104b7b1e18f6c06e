import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { describe, expect, test } from '@jest/globals';

const NOT_OURS = new Set(['node_modules', 'dist', 'runtime']);
const documents = markdownBelow('.');

/** Every Markdown file of the project: what is hidden, installed or built is not. */
function markdownBelow(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory())
      return NOT_OURS.has(entry.name) || entry.name.startsWith('.') ? [] : markdownBelow(path);
    return entry.name.endsWith('.md') ? [path] : [];
  });
}

/** What a text links to; code is left out. */
function linksOf(markdown: string): string[] {
  const prose = markdown.replace(/^```.*?^```/gms, '').replace(/`[^`\n]*`/g, '');
  return [...prose.matchAll(/\]\(<?([^)\s>]+)>?(?:\s+"[^"]*")?\)/g)].map((match) => match[1] as string);
}

/** The anchors of a text's headings, as GitHub makes them. */
function anchorsOf(markdown: string): Set<string> {
  const headings = markdown.replace(/^```.*?^```/gms, '').matchAll(/^#{1,6}\s+(.+)$/gm);
  return new Set(
    [...headings].map(([, title = '']) =>
      title
        .trim()
        .toLowerCase()
        .replace(/[^\p{L}\p{N}\s_-]/gu, '')
        .replaceAll(' ', '-'),
    ),
  );
}

/** What is wrong with a link of a document, or undefined. */
function brokenLink(document: string, link: string): string | undefined {
  if (/^[a-z][a-z0-9+.-]*:/i.test(link)) return undefined;
  const [path = '', anchor] = link.split('#');
  if (path.startsWith('/')) return `${link}: absolute`;
  const target = path === '' ? document : join(dirname(document), decodeURIComponent(path));
  if (relative('.', target).startsWith('..')) return `${link}: leaves the project`;
  if (!existsSync(target)) return `${link}: no such file`;
  if (anchor === undefined || !target.endsWith('.md')) return undefined;
  return anchorsOf(readFileSync(target, 'utf8')).has(anchor) ? undefined : `${link}: no such heading`;
}

describe('links of the documents', () => {
  test('README, ARCHITECTURE and docs are among them', () => {
    expect(documents).toEqual(
      expect.arrayContaining(['README.md', 'ARCHITECTURE.md', 'docs/cli.md', 'docs/operate/client.md']),
    );
  });

  test.each(documents)('%s', (document) => {
    const links = linksOf(readFileSync(document, 'utf8'));
    expect(links.flatMap((link) => brokenLink(document, link) ?? [])).toEqual([]);
  });

  test('what is wrong is found', () => {
    const text =
      'a [b](x.md), [c](<docs/cli.md#exit-codes>), `[d](y.md)`\n```\n[e](z.md)\n```\n[f](#none "t")';
    expect(linksOf(text)).toEqual(['x.md', 'docs/cli.md#exit-codes', '#none']);
    expect(linksOf(text).map((link) => brokenLink('README.md', link))).toEqual([
      'x.md: no such file',
      undefined,
      '#none: no such heading',
    ]);
    expect(brokenLink('README.md', 'https://example.org/none')).toBeUndefined();
    expect(brokenLink('README.md', '../elsewhere.md')).toContain('leaves the project');
  });
});
