import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { AppError } from '#errors';
import { type Child, spawnChild } from './spawn-child.js';
import { isProcessAlive, waitUntil } from './testing/index.js';

const program = (name: string): string => fileURLToPath(new URL(`./testing/${name}.js`, import.meta.url));

let folder: string;
const children: Child[] = [];
const start = (mode: string, file = program('child-program')): Child => {
  const child = spawnChild({ name: mode, file, args: [mode], stopTimeoutMs: 3000 });
  children.push(child);
  return child;
};

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cairn-lifecycle-'));
});
afterEach(async () => {
  await Promise.all(children.splice(0).map((child) => child.kill()));
  await rm(folder, { recursive: true, force: true });
});

describe('runProcess', () => {
  test.each(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)('stops cleanly at %s', async (signal) => {
    const child = start('serve');
    await child.ready(10_000);
    process.kill(child.pid, signal);
    expect(await child.exited).toEqual({ code: 0, signal: null });
    expect(child.lastLines()).toEqual(['stopped cleanly']);
  });

  test('stops once however often it is asked', async () => {
    const child = start('serve');
    await child.ready(10_000);
    process.kill(child.pid, 'SIGTERM');
    process.kill(child.pid, 'SIGTERM');
    process.kill(child.pid, 'SIGINT');
    expect(await child.exited).toEqual({ code: 0, signal: null });
    expect(child.lastLines()).toEqual(['stopped cleanly']);
  });

  test('ends at once at the second SIGINT', async () => {
    const child = start('slow-stop');
    await child.ready(10_000);
    process.kill(child.pid, 'SIGINT');
    const again = setInterval(() => child.isRunning() && process.kill(child.pid, 'SIGINT'), 50);
    const exit = await child.exited.finally(() => clearInterval(again));
    expect(exit).toEqual({ code: 130, signal: null });
  });

  test('does not let a hanging stop keep it alive', async () => {
    const child = start('slow-stop');
    await child.ready(10_000);
    expect(await child.stop()).toEqual({ code: 70, signal: null });
    expect(child.lastLines().join()).toContain('did not stop within 1000 ms');
  });

  test('can be stopped while it is still starting', async () => {
    const child = start('slow-start');
    await waitUntil('starting', () => child.lastLines().includes('starting'));
    expect(await child.stop()).toEqual({ code: 0, signal: null });
  });

  test('ends by itself with the exit code of its work', async () => {
    expect(await start('finish').exited).toEqual({ code: 3, signal: null });
  });

  test('shows an AppError with its next step and exits with 1', async () => {
    const child = start('refuse-start');
    expect(await child.exited).toEqual({ code: 1, signal: null });
    expect(child.lastLines()).toEqual([
      'child-program: No disk here. [test/refused]',
      '  Next: Plug one in.',
    ]);
  });

  test('stops cleanly after an uncaught AppError', async () => {
    const child = start('world-fails-later');
    expect(await child.exited).toEqual({ code: 1, signal: null });
    expect(child.lastLines()).toContain('stopped cleanly');
  });

  test('shows the stack of an invariant error and exits with 70, without the stop that could write wrong state', async () => {
    const child = start('break-later');
    expect(await child.exited).toEqual({ code: 70, signal: null });
    const text = child.lastLines().join('\n');
    expect(text).toContain('two and two are five');
    expect(text).toContain('child-program.js');
    expect(text).not.toContain('stopped cleanly');
  });

  test('stops when its parent is killed with SIGKILL', async () => {
    const logFile = join(folder, 'child.log');
    const parent = start(logFile, program('parent-program'));
    const childPid = Number((await parent.ready(10_000))['childPid']);
    expect(isProcessAlive(childPid)).toBe(true);
    await parent.kill();
    await waitUntil('the child is gone', () => !isProcessAlive(childPid));
    expect(await readFile(logFile, 'utf8')).toBe('stopped cleanly\n');
  });

  test('stops its child before itself, and Ctrl-C of the group does not reach the child', async () => {
    const parent = start(join(folder, 'child.log'), program('parent-program'));
    const childPid = Number((await parent.ready(10_000))['childPid']);
    process.kill(-parent.pid, 'SIGINT'); // the whole group, as a terminal does
    expect(await parent.exited).toEqual({ code: 0, signal: null });
    expect(isProcessAlive(childPid)).toBe(false);
  });
});

describe('spawnChild', () => {
  test('hands over the addresses, also when asked late', async () => {
    const child = start('serve');
    const first = await child.ready(10_000);
    expect(first['tcp']).toMatch(/^127\.0\.0\.1:\d+$/);
    expect(await child.ready(1)).toEqual(first);
  });

  test('names a child that ends before it is ready, with its last lines', async () => {
    const error = await start('refuse-start')
      .ready(10_000)
      .catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(AppError);
    expect(error).toMatchObject({ code: 'process/ended-early', data: { code: 1 } });
    expect((error as AppError).message).toContain('No disk here.');
  });

  test('names a child that does not become ready in time', async () => {
    const child = start('slow-start');
    await waitUntil('starting', () => child.lastLines().includes('starting'));
    const error = await child.ready(50).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: 'process/not-ready' });
    expect((error as AppError).message).toContain(
      'slow-start was not ready after 50 ms. Its last lines:\n    starting',
    );
  });

  test('ends a child that ignores SIGTERM with SIGKILL', async () => {
    const child = spawnChild({
      name: 'stubborn',
      file: '-e',
      args: [
        "process.on('SIGTERM',()=>{});setInterval(()=>{},1e6);process.send({type:'cairn/ready',addresses:{}})",
      ],
      stopTimeoutMs: 100,
    });
    children.push(child);
    await child.ready(10_000);
    expect(await child.stop()).toEqual({ code: null, signal: 'SIGKILL' });
  });

  test('keeps the last lines of a log file out of earlier runs', async () => {
    const logFile = join(folder, 'logs', 'child.log');
    for (const expected of [
      'child-program: No disk here. [test/refused]',
      'child-program: No disk here. [test/refused]',
    ]) {
      const child = spawnChild({
        name: 'logged',
        file: program('child-program'),
        args: ['refuse-start'],
        logFile,
      });
      await child.exited;
      expect(child.lastLines()).toEqual([expected, '  Next: Plug one in.']);
    }
    expect((await readFile(logFile, 'utf8')).match(/No disk/g)).toHaveLength(2);
  });
});
