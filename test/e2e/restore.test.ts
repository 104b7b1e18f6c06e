import { randomBytes } from 'node:crypto';
import { access, chmod, mkdir, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { storeFiles } from '#client';
import { redundancyProfiles } from '#fragments';
import { cliJson, runCli } from './support/cli.js';
import { TestNetwork } from './support/network.js';
import { elsewhere, newClient, newFolder, newPerson, type Person } from './support/people.js';
import { waitUntil } from './support/wait.js';

const SMALL_FILES = 300;
const MODIFIED = new Date('2021-02-03T04:05:06.000Z');

interface PutAnswer {
  readonly files: readonly {
    readonly name: string;
    readonly pack?: string;
    readonly contracts?: readonly string[];
  }[];
  readonly packs: readonly {
    readonly id: string;
    readonly files: number;
    readonly contracts: readonly string[];
  }[];
  readonly unchanged: number;
  readonly failed: readonly { readonly name: string; readonly code: string }[];
}
interface LsAnswer {
  readonly sequence: string;
  readonly files: readonly {
    readonly name: string;
    readonly version: number;
    readonly pack: string | null;
  }[];
}
interface RmAnswer {
  readonly removed: readonly string[];
  readonly contracts: readonly string[];
  readonly returns: string;
  readonly leftBehind: number;
  readonly ended: number;
  readonly repacked: { readonly packs: number; readonly files: number };
}

let network: TestNetwork;
beforeAll(async () => {
  network = await TestNetwork.start({ providers: 8 });
}, 300_000);

afterAll(async () => {
  await network.stop();
  expect(network.runningProcesses()).toEqual([]);
  await expect(access(network.folder)).rejects.toMatchObject({ code: 'ENOENT' });
}, 240_000);

/** Every file below a folder, by its path's bytes in hex, with its content and time. */
async function contentsOf(folder: string): Promise<Map<string, { bytes: Buffer; modifiedAtMs: number }>> {
  const found = new Map<string, { bytes: Buffer; modifiedAtMs: number }>();
  const waiting = [Buffer.alloc(0)];
  for (let below = waiting.pop(); below !== undefined; below = waiting.pop()) {
    const at = Buffer.concat([Buffer.from(`${folder}/`), below]);
    for (const entry of await readdir(at, { withFileTypes: true, encoding: 'buffer' })) {
      const name = below.length === 0 ? entry.name : Buffer.concat([below, Buffer.from('/'), entry.name]);
      if (entry.isDirectory()) waiting.push(name);
      else {
        const path = Buffer.concat([Buffer.from(`${folder}/`), name]);
        found.set(name.toString('hex'), {
          bytes: await readFile(path),
          modifiedAtMs: Math.round((await stat(path)).mtimeMs),
        });
      }
    }
  }
  return found;
}

describe('many small files, and names of every kind', () => {
  let person: Person;
  let folder: string;
  const oddNames = [
    Buffer.from('line\nbreak'),
    Buffer.from([0x6e, 0x6f, 0xff, 0xfe, 0x2e, 0x74]),
    Buffer.from('e\u0301 \u00e9'),
    Buffer.from('x'.repeat(255)),
    Buffer.from('\\x0a \u{1f4c4}'),
  ];

  beforeAll(async () => {
    person = await newPerson(network);
    folder = join(await newFolder(network, 'source-'), 'many');
    await mkdir(join(folder, 'sub', 'deep'), { recursive: true });
    const write = async (path: Buffer | string, bytes: Uint8Array): Promise<void> => {
      await writeFile(path, bytes);
      await utimes(path, MODIFIED, MODIFIED);
    };
    for (let at = 0; at < SMALL_FILES; at++)
      await write(join(folder, at % 2 === 0 ? 'sub' : 'sub/deep', `small ${at}`), randomBytes(1 + at * 13));
    for (const name of oddNames)
      await write(Buffer.concat([Buffer.from(`${folder}/`), name]), randomBytes(70_000));
    await write(join(folder, 'empty'), new Uint8Array(0));
    await write(join(folder, 'large'), randomBytes(5 * 2 ** 20));
  }, 60_000);

  test('take the contracts of one file, come back byte for byte elsewhere, and are not stored twice', async () => {
    const put = await cliJson<PutAnswer>(['put', folder], person.cli);
    expect(put).toMatchObject({ unchanged: 0, failed: [] });
    expect(put.files).toHaveLength(SMALL_FILES + oddNames.length + 2);
    expect(put.packs).toHaveLength(1);
    expect(put.packs[0]?.contracts).toHaveLength(8);

    const again = await cliJson<PutAnswer>(['put', folder], person.cli);
    expect(again).toMatchObject({ files: [], packs: [], unchanged: SMALL_FILES + oddNames.length + 2 });
    await writeFile(join(folder, 'sub', 'small 0'), 'changed');
    await utimes(join(folder, 'sub', 'small 0'), MODIFIED, new Date(MODIFIED.getTime() + 5_000));
    // Another time and the same content: a copy of it, not a change.
    await utimes(join(folder, 'sub', 'small 2'), MODIFIED, new Date(MODIFIED.getTime() + 9_000));
    const changed = await cliJson<PutAnswer>(['put', folder, '--checksum'], person.cli);
    expect(changed.files.map(({ name }) => name)).toEqual(['many/sub/small 0']);
    await utimes(join(folder, 'sub', 'small 2'), MODIFIED, MODIFIED);

    const stranger = await elsewhere(network, person);
    const back = await newFolder(network, 'back-');
    await cliJson(['restore', back], stranger.cli);
    expect(await contentsOf(join(back, 'many'))).toEqual(await contentsOf(folder));
    await rm(join(back, 'many', 'sub', 'deep', 'small 7'));
    const rest = await cliJson<{ files: readonly { name: string }[] }>(['restore', back], stranger.cli);
    expect(rest.files.map(({ name }) => name)).toEqual(['many/sub/deep/small 7']);
    expect(await contentsOf(join(back, 'many'))).toEqual(await contentsOf(folder));
  }, 240_000);

  test('are named as they are shown, whatever bytes they have', async () => {
    const out = await newFolder(network, 'out-');
    const { files } = await cliJson<LsAnswer>(['ls'], person.cli);
    expect(files.map(({ name }) => name)).toContain('many/no\udcff\udcfe.t');
    const shown = await runCli(['ls', 'many/no'], person.cli);
    expect(shown.stdout).toContain('many/no\\xff\\xfe.t');
    await cliJson(['get', 'many/no\\xff\\xfe.t', '-o', join(out, 'odd')], person.cli);
    const original = Buffer.concat([Buffer.from(`${folder}/`), oddNames[1] as Buffer]);
    expect(Buffer.compare(await readFile(join(out, 'odd')), await readFile(original))).toBe(0);
  }, 60_000);

  test('removed: a pack more than half dead is stored anew, an empty one is given back, and the rest is there', async () => {
    const before = await cliJson<LsAnswer>(['ls'], person.cli);
    const some = ['many/sub/small 4', 'many/sub/small 6'];
    const dry = await cliJson<RmAnswer>(['rm', ...some, '--dry-run'], person.cli);
    expect(dry).toMatchObject({ removed: some, contracts: [], leftBehind: 2, returns: '0' });
    expect((await cliJson<LsAnswer>(['ls'], person.cli)).sequence).toBe(before.sequence);

    const most = await cliJson<RmAnswer>(['rm', 'many/sub/', '--yes'], person.cli);
    expect(most.removed).toHaveLength(SMALL_FILES);
    expect(most.repacked).toMatchObject({ packs: 1, files: oddNames.length });
    expect(BigInt(most.returns)).toBeGreaterThan(0n);
    const { files } = await cliJson<LsAnswer>(['ls'], person.cli);
    expect(files).toHaveLength(oddNames.length + 2);
    const back = join(await newFolder(network, 'back-'), 'rest');
    await cliJson(['get', 'many', '-o', back], person.cli);
    const [now, then] = [await contentsOf(back), await contentsOf(folder)];
    for (const [name, file] of now) expect(file).toEqual(then.get(name));
    expect(now.size).toBe(oddNames.length + 2);

    await cliJson(['rm', 'many/', '--yes'], person.cli);
    await waitUntil('every contract of files to be ending', 60_000, async () => {
      const { contracts } = await cliJson<{ contracts: readonly { keeps: string | null }[] }>(
        ['contracts'],
        person.cli,
      );
      return contracts.every(({ keeps }) => keeps === '(catalogue)' || keeps === '(ending)');
    });
  }, 240_000);
});

test('versions: kept where asked, listed, got and removed by number', async () => {
  const person = await newPerson(network);
  const folder = await newFolder(network, 'source-');
  const path = join(folder, 'note');
  for (const text of ['one', 'two 2']) {
    await writeFile(path, text);
    await cliJson(['put', path, '--keep-versions'], person.cli);
  }
  const versions = await cliJson<LsAnswer>(['ls', '--versions'], person.cli);
  expect(versions.files.map(({ version }) => version)).toEqual([1, 2]);
  const out = join(folder, 'out');
  await cliJson(['get', 'note', '--version', '1', '-o', out], person.cli);
  expect(await readFile(out, 'utf8')).toBe('one');
  const missing = await runCli(['get', 'note', '--version', '3', '-o', out, '--force'], person.cli);
  expect(missing.stderr).toContain('catalogue/no-such-version');
  await cliJson(['rm', 'note', '--version', '2', '--yes'], person.cli);
  await cliJson(['get', 'note', '-o', out, '--force'], person.cli);
  expect(await readFile(out, 'utf8')).toBe('one');
}, 240_000);

describe('what goes wrong', () => {
  test('a file that may not be read and one that is gone: named, the others are stored, exit code 74', async () => {
    const person = await newPerson(network);
    const folder = join(await newFolder(network, 'source-'), 'some');
    await mkdir(folder);
    for (const name of ['a', 'b', 'secret']) await writeFile(join(folder, name), name);
    await chmod(join(folder, 'secret'), 0);
    // Root reads everything, unless it gives that right away.
    const wrapper =
      process.getuid?.() === 0 ? ['setpriv', '--bounding-set=-dac_override,-dac_read_search'] : [];
    const { code, stdout, stderr } = await runCli(['put', folder, '--json'], { ...person.cli, wrapper });
    expect([code, stderr]).toEqual([74, expect.stringContaining('source/not-permitted')]);
    const answer = JSON.parse(stdout) as PutAnswer;
    expect(answer.failed).toMatchObject([{ name: 'some/secret', code: 'source/not-permitted' }]);
    expect(answer.files.map(({ name }) => name)).toEqual(['some/a', 'some/b']);

    const client = await newClient(network);
    try {
      const files = ['a', 'gone', 'b'].map((name) => ({ path: join(folder, name), name, sizeBytes: 1 }));
      const terms = { profile: redundancyProfiles.devnet, epochs: 30 };
      const events = [];
      for await (const event of storeFiles(client, files, terms)) events.push(event);
      expect(events).toMatchObject([
        { kind: 'failed', file: { name: 'gone' }, error: { code: 'source/unreadable' } },
        { kind: 'stored', stored: { entries: [{ path: 'a' }, { path: 'b' }] } },
      ]);
    } finally {
      await client.close();
    }
  }, 240_000);

  test('a phrase that is right and another one; a node that shows an older list', async () => {
    const person = await newPerson(network);
    const path = join(await newFolder(network, 'source-'), 'file');
    const wrong = await newPerson(network, 0n);
    const nothing = await runCli(['restore', await newFolder(network, 'back-')], wrong.cli);
    expect([nothing.code, nothing.stderr]).toEqual([1, expect.stringContaining('restore/nothing')]);
    await writeFile(path, 'a list of one');
    await cliJson(['put', path], person.cli);
    const known = await cliJson<{ sequence: string; proven: { sequence: string } | null }>(
      ['catalogue', '--prove'],
      person.cli,
    );
    expect(BigInt(known.proven?.sequence ?? 0)).toBeLessThanOrEqual(1n);
    expect(known.sequence).toBe('1');
    // A client that has seen more than the node shows: its memory is that of number 9.
    const folder = join(person.cli.dataDir, 'client', 'catalogue');
    const [name = ''] = await readdir(folder);
    await writeFile(join(folder, name), JSON.stringify({ sequence: '9', pointerHash: '0'.repeat(64) }));
    const refused = await runCli(['ls'], person.cli);
    expect([refused.code, refused.stderr]).toEqual([75, expect.stringContaining('catalogue/rolled-back')]);
    await cliJson(['catalogue', '--accept', '--yes'], person.cli);
    expect((await cliJson<LsAnswer>(['ls'], person.cli)).files).toHaveLength(1);
  }, 240_000);
});
