import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { AppError, InvariantError } from '#errors';
import { EXIT_CODES, errorToExitCode } from '../exit-codes.js';
import { formatCoins, parseCoins } from './amounts.js';
import { errorToJson, toJson } from './output.js';
import { createProgressBar } from './progress-bar.js';
import { formatTable } from './table.js';
import { formatSpan, safeText } from './text.js';

describe('amounts', () => {
  test.each([
    [0n, '0 coins'],
    [1n, '0.000000001 coins'],
    [1_000_000_000n, '1 coin'],
    [1_250_000_000n, '1.25 coins'],
    [-5n, '-0.000000005 coins'],
    [2n ** 63n - 1n, '9223372036.854775807 coins'],
  ])('%i base units are %s', (units, text) => expect(formatCoins(units)).toBe(text));

  test('what is shown can be typed', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 2n ** 63n - 1n }), (units) => {
        expect(parseCoins(formatCoins(units))).toBe(units);
      }),
      { verbose: true },
    );
  });

  test.each(['', '-1', '1e3', '0.0000000001', '1,5', 'all', '1 2', '.5', '99999999999'])(
    '%j is no amount',
    (text) => {
      expect(() => parseCoins(text)).toThrow(/is no amount of coins/);
    },
  );
});

describe('exit codes', () => {
  test.each([
    ['cli/usage', 2],
    ['cli/interrupted', 130],
    ['node/unreachable', 69],
    ['node/timeout', 75],
    ['fetch/too-few-fragments', 69],
    ['fetch/wrong-hash', 65],
    ['keystore/wrong-passphrase', 77],
    ['config/bad-value', 78],
    ['wallet/too-little', 1],
    ['anything/else', 1],
  ])('%s ends with %i', (code, exitCode) => {
    expect(errorToExitCode(new AppError({ code, message: '' }))).toBe(exitCode);
  });

  test('our own fault is told apart', () => {
    expect(errorToExitCode(new InvariantError('x'))).toBe(EXIT_CODES.internal.code);
    expect(errorToExitCode(new TypeError('x'))).toBe(70);
  });

  test('no number means two things', () => {
    const codes = Object.values(EXIT_CODES).map(({ code }) => code);
    expect(new Set(codes).size).toBe(codes.length);
  });
});

describe('text of others', () => {
  test('cannot move the cursor, clear the screen or turn the line around', () => {
    expect(safeText('a\u001b[2Jb\r\n\u202ec\u0007')).toBe('a\\x1b[2Jb\\x0d\\x0a\\u202ec\\x07');
    expect(safeText('ü 文件 🗄')).toBe('ü 文件 🗄');
  });

  test('columns stay aligned under wide characters', () => {
    const lines = formatTable(
      ['NAME', 'N'],
      [
        ['文件', '1'],
        ['abcd', '22'],
      ],
      ['N'],
    ).split('\n');
    expect(lines).toEqual(['NAME   N', '文件   1', 'abcd  22']);
  });

  test.each([
    [0, '0 s'],
    [119, '119 s'],
    [120, '2 min'],
    [3_600, '60 min'],
    [7_200, '2 h'],
    [400_000, '5 days'],
  ])('%i seconds are %s', (seconds, text) => expect(formatSpan(seconds)).toBe(text));
});

describe('JSON', () => {
  test('amounts are decimal strings', () => {
    expect(toJson({ a: 2n ** 63n - 1n, b: [1n] })).toBe('{"a":"9223372036854775807","b":["1"]}');
  });

  test('an error has a code, a cause and a next step', () => {
    const error = new AppError({ code: 'a/b', message: 'm', next: 'n', data: { x: 1 } });
    expect(errorToJson(error, 69)).toEqual({
      code: 'a/b',
      message: 'm',
      next: 'n',
      data: { x: 1 },
      exitCode: 69,
    });
    expect(errorToJson(new Error('boom'), 70)).toMatchObject({ code: 'internal', message: 'boom' });
  });
});

describe('progress', () => {
  function run(terminal: boolean, quiet: boolean): string[] {
    const written: string[] = [];
    let now = 0;
    const options = {
      label: 'file',
      quiet,
      terminal,
      write: (text: string) => written.push(text),
      nowMs: () => now,
    };
    const bar = createProgressBar(options);
    for (let second = 0; second <= 25; second++) {
      now = second * 1000;
      bar.update('sealing', second * 2 ** 20, 25 * 2 ** 20);
    }
    bar.done();
    return written;
  }

  test('without a terminal: a line every ten seconds and no control characters', () => {
    const lines = run(false, false);
    expect(lines).toEqual([
      'file: sealing 40% (10 MiB of 25 MiB, 1 MiB/s, 15 s left)\n',
      'file: sealing 80% (20 MiB of 25 MiB, 1 MiB/s, 5 s left)\n',
    ]);
  });

  test('on a terminal: one line redrawn, and cleared at the end', () => {
    const written = run(true, false);
    expect(written.length).toBeGreaterThan(20);
    expect(written.join('')).not.toContain('\n');
    expect(written.at(-1)).toBe('\r\u001b[K');
  });

  test('quiet: nothing', () => expect(run(true, true)).toEqual([]));

  test('the rate is that of the last seconds, and another stage begins anew', () => {
    const written: string[] = [];
    let now = 0;
    const write = (text: string) => written.push(text);
    const bar = createProgressBar({ label: 'f', quiet: false, terminal: true, write, nowMs: () => now });
    const last = () => written.at(-1) ?? '';
    for (let second = 0; second <= 60; second++) {
      now = second * 1_000;
      // Ten times slower after half a minute.
      bar.update('fetching', Math.min(second, 30) * 1_000 + Math.max(0, second - 30) * 100, 100_000);
    }
    expect(last()).toContain('100 B/s, 11 min left');
    now += 1_000;
    bar.update('checking', 1, 10, 'items');
    expect(last()).toMatch(/checking .* 1 of 10$/);
    now += 1_000;
    bar.update('checking', 2, 10, 'items');
    expect(last()).toMatch(/checking .* 2 of 10, 8 s left$/);
    now += 1_000;
    bar.update('checking', 0, 10, 'items');
    expect(last()).toMatch(/checking .* 0 of 10$/);
  });
});
