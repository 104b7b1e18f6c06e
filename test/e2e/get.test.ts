import { createHash } from 'node:crypto';
import { mkdir, open, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { cliJson, runCli, startCli } from './support/cli.js';
import { hashOfFile, writeRandomFile } from './support/files.js';
import { TestNetwork } from './support/network.js';
import { newFolder, newPerson, type Person } from './support/people.js';
import { waitUntil } from './support/wait.js';

const MiB = 2 ** 20;

interface VerifyAnswer {
  readonly summary: Readonly<Record<string, number>>;
  readonly files: readonly {
    readonly name: string;
    readonly verdict: string;
    readonly liveFragments: number;
    readonly paidUntilHeight: number | null;
    readonly next: string | null;
    readonly holders: readonly { readonly ok: boolean; readonly why: string | null }[];
  }[];
}

let network: TestNetwork;
let person: Person;
let folder: string;
let large: string;

beforeAll(async () => {
  network = await TestNetwork.start({ providers: 6 });
  person = await newPerson(network);
  folder = await newFolder(network, 'get-');
  large = await writeRandomFile(folder, 'large', 32 * MiB);
  await mkdir(join(folder, 'account'));
  for (const [name, sizeBytes] of [
    ['one', 1],
    ['two', 70_000],
    ['ü 文件', 300_000],
  ] as const) {
    await writeRandomFile(join(folder, 'account'), name, sizeBytes);
  }
  const terms = ['--profile', '4/5/6', '--epochs', '100'];
  await cliJson(['put', large, '--fragment-size', '64KiB', ...terms], person.cli);
  await cliJson(['put', join(folder, 'account'), ...terms], person.cli);
}, 180_000);

afterAll(async () => {
  await network.stop();
}, 60_000);

/** What is kept of a file that does not have its name yet. */
const partials = async (name: string): Promise<string[]> =>
  (await readdir(folder)).filter((found) => found.startsWith(`${name}.`) && found.endsWith('.part'));

/** A get that is stopped by a signal when so many bytes are there. */
async function stopAt(back: string, sizeBytes: number, signal: NodeJS.Signals) {
  const { child, result } = startCli(['get', 'large', '-o', back], person.cli);
  const deadlineMs = Date.now() + 60_000;
  for (let seen = 0; seen < sizeBytes && child.exitCode === null; ) {
    if (Date.now() > deadlineMs) throw new Error(`${seen} of ${sizeBytes} bytes came in a minute`);
    const [name] = await partials(basename(back));
    seen = name === undefined ? 0 : (await stat(join(folder, name))).size;
    await delay(2);
  }
  child.kill(signal);
  return result;
}

describe('an interrupted get', () => {
  test('goes on where it was stopped: by Ctrl-C, by SIGKILL; the file never has its name before', async () => {
    const back = join(folder, 'back');
    const interrupted = await stopAt(back, 5 * MiB, 'SIGINT');
    expect([interrupted.code, interrupted.stderr]).toEqual([
      130,
      expect.stringContaining('goes on from there'),
    ]);
    await expect(stat(back)).rejects.toMatchObject({ code: 'ENOENT' });
    const [partial = ''] = await partials('back');
    expect(partial).toMatch(/^back\.[0-9a-f]{12}\.part$/);
    const first = (await stat(join(folder, partial))).size;
    const killed = await stopAt(back, first + 5 * MiB, 'SIGKILL');
    expect(killed.signal).toBe('SIGKILL');
    // What is kept is not fetched again: its first byte, changed, makes the whole wrong, and that is found out.
    const handle = await open(join(folder, partial), 'r+');
    const { buffer } = await handle.read(Buffer.alloc(1), 0, 1, 0);
    await handle.write(Buffer.from([(buffer[0] ?? 0) ^ 1]), 0, 1, 0);
    const damaged = await runCli(['get', 'large', '-o', back], person.cli);
    expect([damaged.code, damaged.stderr]).toEqual([
      0,
      expect.stringContaining('is damaged: it is fetched anew'),
    ]);
    await handle.close();
    expect(await hashOfFile(back)).toBe(await hashOfFile(large));
    expect(await partials('back')).toEqual([]);

    const again = join(folder, 'again');
    await stopAt(again, 10 * MiB, 'SIGKILL');
    const { code, stderr } = await runCli(['get', 'large', '-o', again], person.cli);
    expect([code, stderr]).toEqual([0, '']);
    expect(await hashOfFile(again)).toBe(await hashOfFile(large));
    expect(await partials('again')).toEqual([]);
  }, 240_000);
});

describe('ranges and standard output', () => {
  test.each([
    ['0-0', 0, 1],
    ['65535-65537', 65_535, 65_538],
    ['130000-9000000', 130_000, 9_000_001],
    ['-100000', 32 * MiB - 100_000, 32 * MiB],
    ['33554431-', 32 * MiB - 1, 32 * MiB],
  ])(
    '--range %s',
    async (range, from, toExclusive) => {
      const back = join(folder, `range ${range}`);
      await cliJson(['get', 'large', '--range', range, '-o', back], person.cli);
      const wanted = (await readFile(large)).subarray(from, toExclusive);
      expect((await readFile(back)).equals(wanted)).toBe(true);
      expect(await partials(basename(back))).toEqual([]);
    },
    30_000,
  );

  test.each([['33554432-'], ['5-4'], ['x'], ['-']])(
    '--range %s is refused',
    async (range) => {
      const { code, stderr } = await runCli(['get', 'large', '--range', range, '-o', '-'], person.cli);
      expect([code, stderr]).toEqual([2, expect.stringContaining('[cli/bad-range]')]);
    },
    30_000,
  );

  test('a slow reader of standard output is waited for and gets every byte', async () => {
    const { child, result } = startCli(['get', 'large', '-o', '-'], person.cli);
    const hash = createHash('sha256');
    child.stdout?.removeAllListeners('data');
    let peakKiB = 0;
    let pieces = 0;
    for await (const part of child.stdout as AsyncIterable<Buffer>) {
      hash.update(part);
      pieces += 1;
      if (pieces % 50 !== 0) continue;
      await delay(10);
      const status = await readFile(`/proc/${child.pid}/status`, 'utf8').catch(() => '');
      peakKiB = Math.max(peakKiB, Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0));
    }
    expect((await result).code).toBe(0);
    expect(hash.digest('hex')).toBe(
      createHash('sha256')
        .update(await readFile(large))
        .digest('hex'),
    );
    expect(peakKiB / 1024).toBeLessThan(400);
  }, 60_000);

  test('a reader that goes away ends it with 0 and without a word', async () => {
    const { child, result } = startCli(['get', 'large', '-o', '-'], person.cli);
    child.stdout?.removeAllListeners('data');
    child.stdout?.once('data', () => child.stdout?.destroy());
    const { code, stderr } = await result;
    expect([code, stderr]).toEqual([0, '']);
  }, 60_000);
});

test('a folder comes back, what is in the way is told, and names as long as a file system takes are', async () => {
  const back = join(folder, 'all back');
  await cliJson(['get', 'account', '-o', back], person.cli);
  for (const name of await readdir(join(folder, 'account'))) {
    expect(await hashOfFile(join(back, name))).toBe(await hashOfFile(join(folder, 'account', name)));
  }
  const { code, stderr } = await runCli(['get', 'account', '-o', back], person.cli);
  expect([code, stderr]).toEqual([1, expect.stringContaining('[get/exists]')]);
  const long = join(folder, 'n'.repeat(255));
  await cliJson(['get', 'account/two', '-o', long], person.cli);
  expect(await hashOfFile(long)).toBe(await hashOfFile(join(folder, 'account', 'two')));
  const taken = join(folder, 'a file');
  await writeFile(taken, '');
  const blocked = await runCli(['get', 'account', '-o', taken], person.cli);
  expect([blocked.code, blocked.stderr]).toEqual([74, expect.stringContaining('[get/incomplete]')]);
}, 60_000);

describe('cairn verify PATH', () => {
  const verify = async (...args: string[]) => {
    const { code, stdout, stderr } = await runCli(['verify', ...args, '--json'], person.cli);
    return { code, stderr, answer: JSON.parse(stdout || 'null') as VerifyAnswer };
  };

  test('healthy is 0, in need of repair 1, lost 69, and says who fails, why, and what to do', async () => {
    const healthy = await verify();
    expect([healthy.code, healthy.answer.summary]).toEqual([
      0,
      { healthy: 4, degraded: 0, critical: 0, lost: 0 },
    ]);
    const [one] = healthy.answer.files;
    expect(one).toMatchObject({ verdict: 'healthy', liveFragments: 6, next: null });
    expect(one?.paidUntilHeight).toBeGreaterThan(0);
    expect((await verify('./account')).answer.files).toHaveLength(3);
    expect((await verify('account/one')).answer.files).toHaveLength(1);
    const unknown = await runCli(['verify', 'acount'], person.cli);
    expect([unknown.code, unknown.stderr]).toEqual([1, expect.stringContaining('[catalogue/no-such-file]')]);

    for (const { child } of network.providers.slice(0, 2)) process.kill(child.pid, 'SIGSTOP');
    const startedMs = Date.now();
    const critical = await verify('large', './account');
    // A provider that is silent is waited for once, whatever it holds.
    expect(Date.now() - startedMs).toBeLessThan(30_000);
    expect([critical.code, critical.answer.summary['critical']]).toEqual([1, 4]);
    const failing = critical.answer.files[0]?.holders.filter(({ ok }) => !ok) ?? [];
    expect(failing).toHaveLength(2);
    expect(failing[0]?.why).toContain('does not answer');
    expect(critical.answer.files[0]?.next).toBe('cairn repair large');
    const people = await runCli(['verify', 'large'], person.cli);
    expect(people.code).toBe(1);
    expect(people.stdout).toMatch(/^large: critical\nlive +4 of 6 fragments of the worst of \d+ segments/);
    expect(people.stderr).toContain('next: cairn repair large');

    process.kill(network.providers[2]?.child.pid ?? 0, 'SIGSTOP');
    const lost = await verify('large');
    expect([lost.code, lost.answer.files[0]?.verdict]).toEqual([69, 'lost']);
    const back = join(folder, 'never');
    const failed = await runCli(['get', 'large', '-o', back], person.cli);
    expect([failed.code, failed.stderr]).toEqual([69, expect.stringContaining('[fetch/too-few-fragments]')]);
    expect((await readdir(dirname(back))).filter((name) => name.startsWith('never'))).toEqual([]);
    for (const { child } of network.providers) process.kill(child.pid, 'SIGCONT');
    await waitUntil('every holder to prove again', 60_000, async () => (await verify('large')).code === 0);
  }, 240_000);
});
