import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { isProcessAlive, waitUntil } from '../libs/lifecycle/testing/index.js';

const bootstrap = resolve('tools/bootstrap');
const load = createRequire(import.meta.url);
const { isNewEnough } = load(join(bootstrap, 'node-runtime.cjs')) as {
  isNewEnough: (version: string) => boolean;
};
const { withLock } = load(join(bootstrap, 'lock.cjs')) as {
  withLock: <T>(folder: string, work: () => Promise<T>) => Promise<T>;
};

let folder: string;
const started: ChildProcess[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cairn-bootstrap-'));
});
afterEach(async () => {
  for (const child of started.splice(0)) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
  await rm(folder, { recursive: true, force: true });
});

/** Starts a wrapper, as the bootstrap is one, around a target with this source; once it listens it prints its pid. */
async function startWrapper(
  source: string,
): Promise<{ wrapper: ChildProcess; targetPid: number; output: () => string }> {
  const target = join(folder, 'target.cjs');
  await writeFile(target, `${source}\nconsole.log(process.pid);`);
  const code = `require(${JSON.stringify(join(bootstrap, 'target.cjs'))})
    .runTarget({ exec: process.execPath }, ${JSON.stringify(target)}, ['a b'], process.cwd())
    .then((code) => { process.exitCode = code; })`;
  const wrapper = spawn(process.execPath, ['-e', code], { stdio: ['ignore', 'pipe', 'inherit'] });
  started.push(wrapper);
  let text = '';
  wrapper.stdout.on('data', (chunk: Buffer) => {
    text += chunk.toString();
  });
  await waitUntil('the target has printed its pid', () => text.includes('\n'));
  return { wrapper, targetPid: Number.parseInt(text, 10), output: () => text };
}

describe('the Node to run on', () => {
  test.each([
    ['v20.20.2', false],
    ['v22.11.9', false],
    ['v22.12.0', true],
    ['v24.0.0', true],
  ])('%s is new enough: %s', (version, expected) => {
    expect(isNewEnough(version)).toBe(expected);
  });
});

describe('one bootstrap at a time', () => {
  test('a second one waits for the first', async () => {
    const order: string[] = [];
    let finish = (): void => {};
    const first = withLock(folder, async () => {
      await new Promise<void>((resolve) => {
        finish = resolve;
      });
      order.push('first');
    });
    await waitUntil('the first holds the lock', async () => (await readdir(folder)).length === 1);
    const second = withLock(folder, async () => order.push('second'));
    finish();
    await Promise.all([first, second]);
    expect(order).toEqual(['first', 'second']);
    expect(await readdir(folder)).toEqual([]);
  });

  test('the lock of a killed one does not stop the next', async () => {
    const gone = spawn(process.execPath, ['-e', '']);
    await once(gone, 'exit');
    await writeFile(join(folder, '.bootstrap.lock'), String(gone.pid));
    expect(await withLock(folder, async () => 'ran')).toBe('ran');
  });

  test('the npm of a killed one keeps the lock until it has ended', async () => {
    const gone = spawn(process.execPath, ['-e', '']);
    await once(gone, 'exit');
    const npm = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1e6)']);
    started.push(npm);
    await writeFile(join(folder, '.bootstrap.lock'), `${gone.pid} ${npm.pid}`);
    const next = withLock(folder, async () => npm.signalCode);
    npm.kill('SIGKILL');
    expect(await next).toBe('SIGKILL');
  });
});

const waitForSignal = `
  const timer = setInterval(() => {}, 1e6);
  process.once('SIGTERM', () => { console.log('clean'); clearInterval(timer); process.exitCode = 5; if (process.connected) process.disconnect(); });
  process.on('disconnect', () => process.emit('SIGTERM'));
`;

describe('becoming the target', () => {
  test('hands over arguments and exit code', async () => {
    const { wrapper, output } = await startWrapper(
      'process.on("exit", () => console.log(process.argv[2])); process.exitCode = 7;',
    );
    if (wrapper.exitCode === null) await once(wrapper, 'exit');
    expect(wrapper.exitCode).toBe(7);
    expect(output()).toMatch(/^\d+\na b\n$/);
  });

  test.each(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)(
    'hands on %s as a wish to stop cleanly',
    async (signal) => {
      const { wrapper, output } = await startWrapper(waitForSignal);
      wrapper.kill(signal);
      await once(wrapper, 'exit');
      expect(wrapper.exitCode).toBe(5);
      expect(output()).toMatch(/clean\n$/);
    },
  );

  test('a target does not outlive a wrapper that was killed', async () => {
    const { wrapper, targetPid } = await startWrapper(waitForSignal);
    wrapper.kill('SIGKILL');
    await waitUntil('the target is gone', () => !isProcessAlive(targetPid));
  });
});
