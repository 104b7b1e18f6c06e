import { readFile } from 'node:fs/promises';
import { describe, expect, test } from '@jest/globals';
import { SETTINGS } from '#config';
import { cliToMarkdown } from './cli-docs.js';
import { COMMANDS } from './commands/index.js';
import { COMMON_OPTIONS, createProgram, moveCommonFlags } from './program.js';

function parse(...words: string[]): { path: string; args: readonly string[]; options: object } {
  let found: ReturnType<typeof parse> | undefined;
  createProgram(COMMANDS, ({ path }, input) => {
    found = { path, ...input };
  }).parse(words, { from: 'user' });
  if (found === undefined) throw new Error('no command was parsed');
  return found;
}

describe('the command table', () => {
  test('every command can be loaded', async () => {
    for (const { load } of COMMANDS) expect(await load()).toEqual(expect.any(Function));
  });

  test('no flag of a command hides a setting, and no path is there twice', () => {
    const settings = Object.values(SETTINGS).map(({ flag }) => `--${flag}`);
    for (const { options } of COMMANDS) {
      const flags = [...(options ?? []), ...COMMON_OPTIONS].flatMap(
        ({ flags }) => /--[a-z-]+/.exec(flags)?.[0] ?? [],
      );
      expect(flags.filter((flag) => settings.includes(flag))).toEqual([]);
      expect(new Set(flags).size).toBe(flags.length);
    }
    expect(new Set(COMMANDS.map(({ path }) => path)).size).toBe(COMMANDS.length);
  });

  test('docs/cli.md is the table as it is', async () => {
    expect(await readFile(new URL('../../../docs/cli.md', import.meta.url), 'utf8')).toBe(cliToMarkdown());
  });
});

describe('parsing', () => {
  test('flags belong to the command they follow', () => {
    expect(parse('contracts', 'end', '--unused', '--json')).toEqual({
      path: 'contracts end',
      args: [],
      options: { unused: true, json: true },
    });
    expect(parse('contracts', 'ab', '--unused')).toMatchObject({ path: 'contracts', args: ['ab'] });
    expect(parse('wallet', '--json')).toMatchObject({ path: 'wallet', options: { json: true } });
  });

  test('several paths, short flags, values', () => {
    expect(parse('put', 'a', '-y', 'b c', '--epochs', '7')).toEqual({
      path: 'put',
      args: ['a', 'b c'],
      options: { yes: true, epochs: '7' },
    });
    expect(parse('get', 'x', '-o', '-')).toMatchObject({ args: ['x'], options: { output: '-' } });
    expect(parse('put', '--', '--odd')).toMatchObject({ args: ['--odd'] });
  });

  test('flags of every command may stand before it', () => {
    expect(moveCommonFlags(['--json', '-y', 'ls', 'a'])).toEqual(['ls', 'a', '--json', '-y']);
    expect(moveCommonFlags(['--json', 'put', '--', '--x'])).toEqual(['put', '--json', '--', '--x']);
    expect(moveCommonFlags(['ls', '--json'])).toEqual(['ls', '--json']);
  });
});
