import { randomFillSync } from 'node:crypto';
import { open, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { devnet } from '#chain';
import { createIdentity, manifestOf } from '#client';
import { bytesToHex } from '#crypto';
import { nativeCrypto } from '#crypto-native';
import type { Manifest } from '#fragments';
import { readUploadJournal } from '../../libs/client/testing/index.js';
import { cliJson, runCli, startCli } from './support/cli.js';
import { hashOfFile, writeRandomFile } from './support/files.js';
import { TestNetwork } from './support/network.js';
import { newFolder, newPerson, openClient, type Person } from './support/people.js';
import { waitUntil } from './support/wait.js';

const MiB = 2 ** 20;
const FRAGMENT = 65_536;
/** Plaintext of a segment of three such fragments. */
const SEGMENT_BYTES = 196_560;

interface ContractsAnswer {
  readonly contracts: readonly { readonly id: string; readonly keeps: string | null }[];
}

let network: TestNetwork;
beforeAll(async () => {
  network = await TestNetwork.start({ providers: 8 });
}, 180_000);
afterAll(async () => {
  await network.stop();
  expect(network.runningProcesses()).toEqual([]);
}, 60_000);

const put = (path: string): string[] => ['put', path, '--epochs', '60', '--fragment-size', '64KiB', '--yes'];

/** The journals of a person's unfinished uploads. */
async function journals({ cli }: Person): Promise<string[]> {
  const folder = join(cli.dataDir, 'client', 'uploads');
  const names = await readdir(folder).catch(() => []);
  return names.filter((name) => name.endsWith('.upload')).map((name) => join(folder, name));
}

async function journalOf(person: Person) {
  const [path] = await journals(person);
  if (path === undefined) throw new Error('there is no journal');
  const { uploadKey } = createIdentity(nativeCrypto, devnet, person.phrase);
  return readUploadJournal(path, uploadKey);
}

/** Runs `cairn put` and kills it, -9, when a condition holds. */
async function putAndKill(person: Person, path: string, when: () => Promise<boolean>): Promise<void> {
  const { child, result } = startCli(put(path), person.cli);
  await waitUntil('the moment of the kill', 60_000, async () => child.exitCode !== null || (await when()));
  child.kill('SIGKILL');
  expect((await result).signal).toBe('SIGKILL');
}

async function manifestNow(person: Person, name: string): Promise<Manifest> {
  const client = openClient(network, person.phrase);
  try {
    return manifestOf(await client.file(name));
  } finally {
    await client.close();
  }
}

/** Nothing that is paid for keeps nothing, and no provider keeps room. */
async function expectNothingLeft(person: Person): Promise<void> {
  await waitUntil('the index', 30_000, async () => {
    const { tip, indexHeight, mempool } = await network.ledger.status();
    return indexHeight >= tip.height && mempool.count === 0;
  });
  await waitUntil('every contract to keep something', 30_000, async () => {
    const { contracts } = await cliJson<ContractsAnswer>(['contracts', '--unused'], person.cli);
    return contracts.length === 0;
  });
  expect(await journals(person)).toEqual([]);
}

/** First bytes of every fragment on the disks of all providers, with the file they are from. */
async function storedFragments(): Promise<Map<string, Buffer>> {
  const found = new Map<string, Buffer>();
  for (const { dataDir } of network.providers) {
    const entries = await readdir(join(dataDir, 'fragments'), { recursive: true, withFileTypes: true });
    for (const entry of entries) {
      if (!entry.isFile() || !/^[0-9a-f]{64}$/.test(entry.name.slice(0, 64))) continue;
      const bytes = await readFile(join(entry.parentPath, entry.name)).catch(() => undefined);
      if (bytes !== undefined && bytes.length === FRAGMENT) found.set(entry.name.slice(0, 64), bytes);
    }
  }
  return found;
}

describe('an upload that was killed', () => {
  test('goes on at the last finished segment; what was edited in between is sealed anew', async () => {
    const person = await newPerson(network);
    const path = await writeRandomFile(await newFolder(network, 'source-'), 'film', 16 * MiB + 5);
    await putAndKill(person, path, async () => {
      const [journal] = await journals(person);
      return journal !== undefined && (await stat(journal)).size > 12_000;
    });
    const before = await journalOf(person);
    const fragmentsBefore = await storedFragments();
    expect(before.segments.size).toBeGreaterThan(10);
    expect(before.segments.size).toBeLessThan((16 * MiB) / SEGMENT_BYTES);

    // One segment that was finished and one that was not; everything else stays as it was.
    const edited = [...before.segments.keys()][3] ?? 0;
    const file = await open(path, 'r+');
    await file.write(randomFillSync(Buffer.alloc(10)), 0, 10, edited * SEGMENT_BYTES + 100);
    await file.write(randomFillSync(Buffer.alloc(10)), 0, 10, 15 * MiB);
    await file.close();

    await cliJson(put(path), person.cli);
    const manifest = await manifestNow(person, 'film');
    expect(bytesToHex(manifest.contentKey)).toBe(bytesToHex(before.header.contentKey));
    const kept = [...before.segments].filter(
      ([index, { segmentId }]) =>
        bytesToHex(manifest.segments[index]?.segmentId ?? new Uint8Array()) === bytesToHex(segmentId),
    );
    expect(kept.length).toBe(before.segments.size - 1);
    expect(kept.map(([index]) => index)).not.toContain(edited);
    // No pair of segment id and key with two plaintexts: ids of one run that are in the other are of kept segments…
    const idsBefore = new Set([...before.segments.values()].map(({ segmentId }) => bytesToHex(segmentId)));
    const idsNow = manifest.segments.map(({ segmentId }) => bytesToHex(segmentId));
    expect(new Set(idsNow).size).toBe(idsNow.length);
    expect(idsNow.filter((id) => idsBefore.has(id))).toHaveLength(kept.length);
    // …and no two fragments on any disk share a stretch of bytes, as the same keystream over nearly the same would.
    const all = new Map([...fragmentsBefore, ...(await storedFragments())]);
    const seen = new Set<string>();
    for (const bytes of all.values()) {
      for (const at of [0, 16_384, FRAGMENT - 32]) {
        const stretch = `${at}:${bytes.toString('latin1', at, at + 32)}`;
        expect(seen.has(stretch)).toBe(false);
        seen.add(stretch);
      }
    }
    expect(all.size).toBeGreaterThan(fragmentsBefore.size);

    const back = `${path}.back`;
    await cliJson(['get', 'film', '-o', back], person.cli);
    expect(await hashOfFile(back)).toBe(await hashOfFile(path));
    await expectNothingLeft(person);
  }, 120_000);

  test('after its contracts were formed, or between that and the catalogue: they are used, none is formed twice', async () => {
    const person = await newPerson(network);
    const path = await writeRandomFile(await newFolder(network, 'source-'), 'file', 2 * MiB);
    const own = async () => (await network.ledger.contracts({ client: person.address })).items;
    await putAndKill(person, path, async () => (await own()).length > 0);
    await cliJson(put(path), person.cli);
    const manifest = await manifestNow(person, 'file');
    const holders = new Set(manifest.segments.flatMap((segment) => segment.holders.map(bytesToHex)));
    // Those of the catalogue aside, every contract there ever was holds the file.
    const views = await own();
    const forFile = views.filter(({ leafCount }) => leafCount === manifest.segments.length);
    expect(forFile.length).toBeGreaterThanOrEqual(6);
    for (const { id } of forFile) expect(holders).toContain(id);
    const back = `${path}.back`;
    await cliJson(['get', 'file', '-o', back], person.cli);
    expect(await hashOfFile(back)).toBe(await hashOfFile(path));
    await expectNothingLeft(person);
  }, 120_000);
});

test('stdin of unknown length is stored as it comes, under little memory and no file', async () => {
  const person = await newPerson(network);
  const folder = await newFolder(network, 'source-');
  const bytes = randomFillSync(Buffer.alloc(5 * MiB + 77));
  const done = await runCli(['put', '-', '--name', 'piped', '--epochs', '60', '--yes', '--json'], {
    ...person.cli,
    input: bytes,
  });
  expect([done.code, done.stderr]).toEqual([0, expect.any(String)]);
  await writeFile(join(folder, 'piped'), bytes);
  await cliJson(['get', 'piped', '-o', join(folder, 'back')], person.cli);
  expect(await hashOfFile(join(folder, 'back'))).toBe(await hashOfFile(join(folder, 'piped')));
  await expectNothingLeft(person);
}, 90_000);

test('repair: what a lost provider held is rebuilt and stored with another one', async () => {
  const person = await newPerson(network);
  const path = await writeRandomFile(await newFolder(network, 'source-'), 'precious', MiB);
  await cliJson(put(path), person.cli);
  const [victim] = network.providers;
  if (victim === undefined) throw new Error('no provider');
  await victim.child.kill();
  await rm(victim.dataDir, { recursive: true, force: true });
  const hopeless = await cliJson<{ files: { lost: number; placed: number }[] }>(
    ['repair', 'precious', '--yes'],
    person.cli,
  ).catch((error: Error) => error.message);
  expect(hopeless).toMatch(/ended with 75: .*ECONNREFUSED/s);
  await network.addProviders(1);
  const repaired = await cliJson<{ files: { lost: number; placed: number; formed: string[] }[] }>(
    ['repair', 'precious', '--yes'],
    person.cli,
  );
  expect(repaired.files[0]).toMatchObject({ placed: repaired.files[0]?.lost, formed: [expect.any(String)] });
  const status = await cliJson<{ files: { liveFragments: number; verdict: string }[] }>(
    ['status', 'precious'],
    person.cli,
  );
  expect(status.files[0]).toMatchObject({ liveFragments: 8, verdict: 'healthy' });
  const again = await cliJson<{ files: { lost: number }[] }>(['repair', 'precious', '--yes'], person.cli);
  expect(again.files[0]?.lost).toBe(0);
  const back = `${path}.back`;
  await cliJson(['get', 'precious', '-o', back], person.cli);
  expect(await hashOfFile(back)).toBe(await hashOfFile(path));
  await expectNothingLeft(person);
}, 120_000);
