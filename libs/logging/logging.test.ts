import { describe, expect, test } from '@jest/globals';
import { AppError } from '#errors';
import { createLogger, createNestLogger, type Logger, redact } from './index.js';

function capture(format: 'json' | 'pretty'): { logger: Logger; lines: string[] } {
  const lines: string[] = [];
  const destination = { write: (line: string) => lines.push(line) };
  return { logger: createLogger({ app: 'node', level: 'debug', format, destination }), lines };
}

describe('the logger', () => {
  test('writes one JSON object per line, with level by name and time in RFC 3339', () => {
    const { logger, lines } = capture('json');
    logger.info({ height: 7, amount: 2n ** 62n }, 'block accepted');
    expect(lines).toHaveLength(1);
    const line = JSON.parse(lines[0]!) as Record<string, unknown>;
    expect(line).toMatchObject({ level: 'info', app: 'node', height: 7, amount: '4611686018427387904' });
    expect(line['msg']).toBe('block accepted');
    expect(new Date(String(line['time'])).toISOString()).toBe(line['time']);
  });

  test.each(['json', 'pretty'] as const)('never writes a secret (%s)', (format) => {
    const { logger, lines } = capture(format);
    const secret = 'geheim-4711';
    logger.info({ passphrase: secret, config: { deep: [{ privateKey: secret, CAIRN_PASSPHRASE: secret }] } });
    logger.warn({ headers: { authorization: secret } }, `lost redis://user:${secret}@host:1/0 again`);
    logger.error({
      err: new AppError({ code: 'a/b', message: `at redis://:${secret}@host`, data: { seed: secret } }),
    });
    logger.error(new Error(`plain redis://:${secret}@host`));
    logger.child({ password: secret }).info('from a child');
    expect(lines).toHaveLength(5);
    expect(lines.join('')).not.toContain(secret);
    expect(lines.join('')).toContain('redis://[hidden]@host');
  });

  test('spells an operational error out with its next step', () => {
    const { logger, lines } = capture('pretty');
    const cause = new Error('ECONNREFUSED');
    logger.error(
      { err: new AppError({ code: 'jobs/lost', message: 'Redis is gone', next: 'start it', cause }) },
      'oh',
    );
    expect(lines[0]).toMatch(
      /^\d\d:\d\d:\d\d\.\d{3} ERROR node: oh\n {4}jobs\/lost: Redis is gone\n {4}next: start it\n/,
    );
    expect(lines[0]).toContain('caused by Error: ECONNREFUSED');
  });

  test('keeps below its level', () => {
    const { logger, lines } = capture('json');
    logger.trace('too quiet');
    expect(lines).toEqual([]);
  });

  test('survives circles', () => {
    const circle: Record<string, unknown> = {};
    circle['self'] = circle;
    expect(redact(circle)).toEqual({ self: '[deeper]' });
  });

  test('serves Nest, context and error included', () => {
    const { logger, lines } = capture('json');
    const nest = createNestLogger(logger);
    nest.log('up', 'Site');
    nest.log('Mapped route', 'RouterExplorer');
    nest.error(new Error('broken'), 'stack', 'Site');
    const seen = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(seen[0]).toMatchObject({ level: 'info', msg: 'up', context: 'Site' });
    expect(seen[1]).toMatchObject({ level: 'debug', context: 'RouterExplorer' });
    expect(seen[2]).toMatchObject({
      level: 'error',
      msg: 'broken',
      context: 'Site',
      err: { message: 'broken' },
    });
  });
});
