import { randomBytes, randomInt } from 'node:crypto';
import { access, readdir, readFile, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { FileEntry } from '#catalogue';
import { type CairnClient, manifestOf, openSource, type SourceFile } from '#client';
import { bytesToHex, newPhrase } from '#crypto';
import { isPlaced, redundancyProfiles, segmentCapacity } from '#fragments';
import { cliJson, runCli, startCli } from './support/cli.js';
import { damageFragments, hashOfFile, writeRandomFile } from './support/files.js';
import { startLyingProxy } from './support/lying-proxy.js';
import { manifestOfSegments } from './support/manifests.js';
import { TestNetwork } from './support/network.js';
import { watchPeakMemory } from './support/peak-memory.js';
import { elsewhere, newClient, newFolder, newPerson, openClient, type Person } from './support/people.js';
import { waitUntil } from './support/wait.js';

const MiB = 2 ** 20;
const terms = { profile: redundancyProfiles.devnet, epochs: 60 };

interface PutAnswer {
  readonly files: readonly { readonly name: string; readonly contracts: readonly string[] }[];
}
interface ContractsAnswer {
  readonly contracts: readonly { readonly id: string; readonly keeps: string | null }[];
}
interface StatusAnswer {
  readonly files: readonly {
    readonly verdict: string;
    readonly liveFragments: number;
    readonly checkedAt: string;
    readonly holders: readonly { readonly ok: boolean; readonly why: string | null }[];
  }[];
}

let network: TestNetwork;
/** Stored something for one epoch only, before all else. */
let shortLived: Person;
/** The same, and something else that is paid for longer. */
let halfLived: Person;
beforeAll(async () => {
  network = await TestNetwork.start({ providers: 8 });
  shortLived = await newPerson(network);
  const path = await writeRandomFile(await newFolder(network, 'source-'), 'short', 2_000);
  await cliJson(['put', path, '--epochs', '1'], shortLived.cli);
  halfLived = await newPerson(network);
  await cliJson(['put', path, '--epochs', '1'], halfLived.cli);
  await cliJson(['put', path, '--name', 'long', '--epochs', '180'], halfLived.cli);
}, 180_000);

afterAll(async () => {
  await network.stop();
  expect(network.runningProcesses()).toEqual([]);
  await expect(access(network.folder)).rejects.toMatchObject({ code: 'ENOENT' });
}, 60_000);

describe('files of every kind', () => {
  const kinds: readonly (readonly [string, number])[] = [
    ['empty', 0],
    ['one byte', 1],
    ['.dot file..txt', 3 * MiB + 1],
    ['ü 文件 🗄 e\u0301.bin', 70_000],
    ['sub/folder/large.bin', 40 * MiB],
  ];

  test('are stored as a folder and come back in another process with the phrase and the node alone', async () => {
    const person = await newPerson(network);
    const folder = join(await newFolder(network, 'source-'), 'a folder');
    for (const [name, sizeBytes] of kinds) await writeRandomFile(folder, name, sizeBytes);
    await symlink('one byte', join(folder, 'a link'));
    const dry = await runCli(['put', folder, '--dry-run', '--json'], person.cli);
    expect(dry.stderr).toContain('Left out, since only plain files are stored');
    expect(dry.stderr).toContain('a link');
    const { catalogueCost } = JSON.parse(dry.stdout) as Record<string, { total: string }>;
    expect(BigInt(catalogueCost?.total ?? 0)).toBeGreaterThan(0n);
    const { files } = await cliJson<PutAnswer>(['put', folder, '--epochs', '60'], person.cli);
    expect(files.map(({ name }) => name).sort()).toEqual(kinds.map(([name]) => `a folder/${name}`).sort());

    const stranger = await elsewhere(network, person);
    const back = join(await newFolder(network, 'back-'), 'again');
    await cliJson(['get', 'a folder', '-o', back], stranger.cli);
    for (const [name, sizeBytes] of kinds) {
      expect((await readFile(join(back, name))).length).toBe(sizeBytes);
      expect(await hashOfFile(join(back, name))).toBe(await hashOfFile(join(folder, name)));
    }
    const listed = await cliJson<PutAnswer>(['ls'], stranger.cli);
    expect(listed.files).toHaveLength(kinds.length);
  }, 120_000);

  test('a new version replaces the old one, and rm ends what it cost', async () => {
    const person = await newPerson(network);
    const folder = await newFolder(network, 'source-');
    const path = await writeRandomFile(folder, 'note.txt', 5_000);
    await cliJson(['put', path], person.cli);
    await writeRandomFile(folder, 'note.txt', 6_000);
    await cliJson(['put', path], person.cli);
    const back = join(folder, 'back');
    await cliJson(['get', 'note.txt', '-o', back], person.cli);
    expect(await hashOfFile(back)).toBe(await hashOfFile(path));
    expect((await cliJson<PutAnswer>(['ls'], person.cli)).files).toHaveLength(1);

    expect((await runCli(['rm', 'note.txt'], person.cli)).code).toBe(2);
    await cliJson(['rm', 'note.txt', '--yes'], person.cli);
    expect((await cliJson<PutAnswer>(['ls'], person.cli)).files).toEqual([]);
    await waitUntil('every contract but the catalogue’s to be ending', 30_000, async () => {
      const { contracts } = await cliJson<ContractsAnswer>(['contracts', '--unused'], person.cli);
      return contracts.length === 0;
    });
  }, 120_000);
});

describe('the catalogue', () => {
  test('too large for a pointer: found through another file; changed by two at once: both changes are in it', async () => {
    const phrase = newPhrase(new Uint8Array(randomBytes(16)));
    const [first, second, fresh] = [1, 2, 3].map(() => openClient(network, phrase)) as [
      CairnClient,
      CairnClient,
      CairnClient,
    ];
    await network.fund(first.address, 10n ** 11n);
    try {
      const entry = (path: string, segments: number): FileEntry => ({
        path,
        sizeBytes: BigInt(segments * segmentCapacity(1, 65_536)),
        modifiedAt: 1n,
        storedAt: 1n,
        paidUntilHeight: 2_000n,
        manifest: manifestOfSegments(segments),
      });
      await Promise.all([first.anchor([entry('fat', 700)]), second.anchor([entry('thin', 1)])]);
      const { catalogue, sequence } = await fresh.catalogue();
      expect(catalogue.files.map(({ path }) => path)).toEqual(['fat', 'thin']);
      expect(sequence).toBe(2n);
      await waitForIndex();
      const { items } = await network.ledger.contracts({ client: first.address, status: 'active' });
      // Two levels of eight; whatever was replaced or stored in vain is ending.
      expect(items.filter((view) => view.endEpoch === view.epochs)).toHaveLength(16);
    } finally {
      for (const client of [first, second, fresh]) await client.close();
    }
  }, 120_000);
});

describe('what goes wrong before a coin moves', () => {
  test('a file that shrinks while it is read: nothing stored, nothing paid', async () => {
    const client = await newClient(network);
    try {
      const path = await writeRandomFile(await newFolder(network, 'source-'), 'shrinks', 20 * MiB);
      const source = await openSource(path);
      const shrinking: SourceFile = {
        ...source,
        read: async (lengthBytes) => {
          const bytes = await source.read(lengthBytes);
          await truncate(path, 7 * MiB);
          return bytes;
        },
      };
      const before = await client.context.wallet.balance();
      await expect(client.storeSource(shrinking, 'shrinks', terms)).rejects.toMatchObject({
        code: 'source/changed',
      });
      await source.close();
      expect(await client.context.wallet.balance()).toBe(before);
      expect((await network.ledger.contracts({ client: client.address })).items).toEqual([]);
    } finally {
      await client.close();
    }
  }, 60_000);

  test('a file that vanishes while it is read: what was opened is stored whole, and comes back', async () => {
    const client = await newClient(network);
    try {
      const path = await writeRandomFile(await newFolder(network, 'source-'), 'vanishes', 20 * MiB);
      const original = await readFile(path);
      const source = await openSource(path);
      const vanishing: SourceFile = {
        ...source,
        read: async (lengthBytes) => {
          const bytes = await source.read(lengthBytes);
          await rm(path, { force: true });
          return bytes;
        },
      };
      const { entry } = await client.storeSource(vanishing, 'vanishes', terms);
      await source.close();
      const parts: Uint8Array[] = [];
      for await (const part of client.read(entry)) parts.push(part);
      expect(Buffer.concat(parts).equals(original)).toBe(true);
      await expect(client.storeFile(path, 'vanishes', terms)).rejects.toMatchObject({
        code: 'source/unreadable',
      });
    } finally {
      await client.close();
    }
  }, 60_000);

  test('a file that is not there, too little money, too few providers: each says so', async () => {
    const poor = await newPerson(network, 0n);
    const path = await writeRandomFile(await newFolder(network, 'source-'), 'file', 1_000);
    const missing = await runCli(['put', `${path}-not`, '--json'], poor.cli);
    expect(missing.code).toBe(1);
    expect(JSON.parse(missing.stderr)).toMatchObject({ error: { code: 'source/unreadable' } });
    const unpaid = await runCli(['put', path], poor.cli);
    expect(unpaid.code).toBe(1);
    expect(unpaid.stderr).toMatch(
      /holds 0.*\[wallet\/too-little\]\n {2}next: Get coins with `cairn wallet faucet`/s,
    );
    const unplaced = await runCli(['put', path, '--profile', 'small'], poor.cli);
    expect(unplaced.code).toBe(69);
    expect(unplaced.stderr).toContain('4/8/12 needs 10 providers in distinct failure domains; 8 can be used');
  }, 60_000);
});

test('enough coins for a file and not for the list of files: the file’s contracts are ended again', async () => {
  const client = await newClient(network, 0n);
  try {
    const path = await writeRandomFile(await newFolder(network, 'source-'), 'file', 1_000);
    const quote = await client.quote(1_000, terms);
    await network.fund(client.address, quote.total + 10_000n);
    const { entry, contracts } = await client.storeFile(path, 'file', terms);
    await expect(client.anchor([entry])).rejects.toMatchObject({ code: 'wallet/too-little' });
    await waitForIndex();
    for (const id of contracts) {
      const view = await network.ledger.contract({ id });
      expect(view?.endEpoch).toBeLessThan(view?.epochs ?? 0);
    }
    expect((await client.catalogue()).catalogue.files).toEqual([]);
  } finally {
    await client.close();
  }
}, 60_000);

/** Who holds the fragments of a file's first segment: the first three have the data, and are asked first. */
async function holdersInOrder(person: Person, name: string): Promise<TestNetwork['providers']> {
  const client = openClient(network, person.phrase);
  try {
    const [segment] = manifestOf(await client.file(name)).segments;
    const holders: TestNetwork['providers'] = [];
    for (const holder of segment?.holders.filter(isPlaced) ?? []) {
      const view = await network.ledger.contract({ id: bytesToHex(holder) });
      holders.push(...network.providers.filter(({ address }) => address === view?.providerAddress));
    }
    return holders;
  } finally {
    await client.close();
  }
}

describe('providers that fail', () => {
  test('one killed with SIGKILL in the middle of an upload: stored on the others, nothing lost', async () => {
    const client = await newClient(network);
    const [victim] = network.providers;
    try {
      const path = await writeRandomFile(await newFolder(network, 'source-'), 'brave', 30 * MiB);
      const source = await openSource(path);
      let reads = 0;
      const killing: SourceFile = {
        ...source,
        read: async (lengthBytes) => {
          reads += 1;
          if (reads === 4) await victim?.child.kill();
          return source.read(lengthBytes);
        },
      };
      const stored = await client.storeSource(killing, 'brave', terms);
      await source.close();
      await client.anchor([stored.entry]);
      expect(stored.contracts).toHaveLength(7);
      const parts: Uint8Array[] = [];
      for await (const part of client.read(await client.file('brave'))) parts.push(part);
      expect(Buffer.concat(parts).equals(await readFile(path))).toBe(true);
    } finally {
      if (victim !== undefined) await network.restartProvider(victim);
      await client.close();
    }
  }, 120_000);

  test('one that freezes in the middle of an upload is given up after its silence: stored on the others', async () => {
    const client = await newClient(network);
    const [victim] = network.providers;
    try {
      const path = await writeRandomFile(await newFolder(network, 'source-'), 'patient', 30 * MiB);
      const source = await openSource(path);
      let reads = 0;
      const freezing: SourceFile = {
        ...source,
        read: async (lengthBytes) => {
          reads += 1;
          if (reads === 4 && victim !== undefined) process.kill(victim.child.pid, 'SIGSTOP');
          return source.read(lengthBytes);
        },
      };
      const stored = await client.storeSource(freezing, 'patient', terms);
      await source.close();
      expect(stored.contracts).toHaveLength(7);
      const parts: Uint8Array[] = [];
      for await (const part of client.read(stored.entry)) parts.push(part);
      expect(Buffer.concat(parts).equals(await readFile(path))).toBe(true);
    } finally {
      if (victim !== undefined) process.kill(victim.child.pid, 'SIGCONT');
      await client.close();
    }
  }, 120_000);

  test('fragments damaged on a disk, a provider that lies, one that is frozen: the file comes back all the same', async () => {
    const person = await newPerson(network);
    const path = await writeRandomFile(await newFolder(network, 'source-'), 'file', 12 * MiB);
    await cliJson(['put', path], person.cli);
    const [damaged, liar, frozen] = await holdersInOrder(person, 'file');
    if (damaged === undefined || liar === undefined || frozen === undefined) throw new Error('3 are needed');
    expect(await damageFragments(damaged.dataDir)).toBeGreaterThan(0);
    const proxy = await startLyingProxy(() => liar.url);
    try {
      await network.restartProvider(liar, { CAIRN_PUBLIC_URL: proxy.url });
      await waitUntil('the proxy on chain', 30_000, async () => {
        const endpoint = await network.ledger.endpoint({ principal: liar.address });
        return endpoint?.addresses[0] === proxy.url;
      });
      process.kill(frozen.child.pid, 'SIGSTOP');
      const back = `${path}.back`;
      await cliJson(['get', 'file', '-o', back], person.cli);
      expect(await hashOfFile(back)).toBe(await hashOfFile(path));
      expect(proxy.lies()).toBeGreaterThan(0);

      const { files } = await cliJson<StatusAnswer>(['status', 'file'], person.cli);
      expect(files[0]?.holders.filter(({ ok }) => !ok).length).toBeGreaterThanOrEqual(2);
      const askedMs = Date.parse(files[0]?.checkedAt ?? '');
      expect(Math.abs(Date.now() - askedMs)).toBeLessThan(60_000);

      const second = await writeRandomFile(dirname(path), 'second', 4 * MiB);
      const { files: stored } = await cliJson<PutAnswer>(['put', second], person.cli);
      expect(stored[0]?.contracts).toHaveLength(7);
    } finally {
      process.kill(frozen.child.pid, 'SIGCONT');
      await network.restartProvider(liar);
      await proxy.close();
    }
  }, 180_000);

  test('five of eight gone: the file comes back; six gone: it is said to be lost', async () => {
    await waitUntil('the liar’s own address on chain', 30_000, async () => {
      const endpoints = await Promise.all(
        network.providers.map(({ address }) => network.ledger.endpoint({ principal: address })),
      );
      return endpoints.every((endpoint, index) => endpoint?.addresses[0] === network.providers[index]?.url);
    });
    const person = await newPerson(network);
    const path = await writeRandomFile(await newFolder(network, 'source-'), 'file', 10 * MiB);
    await cliJson(['put', path], person.cli);
    const victims = network.providers.slice(1, 6);
    try {
      for (const { child } of victims) await child.kill();
      const stranger = await elsewhere(network, person);
      const back = `${path}.back`;
      await cliJson(['get', 'file', '-o', back], stranger.cli);
      expect(await hashOfFile(back)).toBe(await hashOfFile(path));
      const critical = await cliJson<StatusAnswer>(['status'], stranger.cli);
      expect(critical.files[0]).toMatchObject({ verdict: 'critical', liveFragments: 3 });

      // One client that knows the catalogue already: with six gone nobody could fetch it.
      const client = openClient(network, person.phrase);
      try {
        const entry = await client.file('file');
        const last = network.providers[6];
        await last?.child.kill();
        expect(await client.health(entry)).toMatchObject({ verdict: 'lost', liveFragments: 2 });
        // Its first records may lie with the two that are left.
        const all = async (): Promise<void> => {
          for await (const _ of client.read(entry));
        };
        await expect(all()).rejects.toMatchObject({ code: 'fetch/too-few-fragments' });
      } finally {
        await client.close();
      }
      const gone = join(dirname(path), 'gone');
      const { code, stderr } = await runCli(['get', 'file', '-o', gone], stranger.cli);
      expect([code, stderr]).toEqual([69, expect.stringContaining('[fetch/too-few-fragments]')]);
      expect(await readdir(dirname(path))).not.toContain('gone');
      expect(await readdir(dirname(path))).not.toContain('gone.part');
    } finally {
      for (const victim of network.providers.slice(1, 7)) await network.restartProvider(victim);
    }
  }, 180_000);
});

describe('a client that fails', () => {
  test('killed at random moments of put: earlier files intact, no coin stuck', async () => {
    const person = await newPerson(network);
    const folder = await newFolder(network, 'source-');
    const first = await writeRandomFile(folder, 'first', 100_000);
    await cliJson(['put', first], person.cli);
    const large = await writeRandomFile(folder, 'large', 8 * MiB);
    for (let round = 0; round < 4; round++) {
      const killAfterMs = randomInt(500, 4_500);
      const { child, result } = startCli(['put', large, '--name', `large ${round}`], person.cli);
      await delay(killAfterMs);
      child.kill('SIGKILL');
      await result;
    }
    await waitForIndex();
    const back = join(folder, 'back');
    await cliJson(['get', 'first', '-o', back], person.cli);
    expect(await hashOfFile(back)).toBe(await hashOfFile(first));

    await cliJson(['contracts', 'end', '--unused', '--yes'], person.cli);
    await waitForIndex();
    expect((await cliJson<ContractsAnswer>(['contracts', '--unused'], person.cli)).contracts).toEqual([]);
    await cliJson(['put', large, '--name', 'at last'], person.cli);
    await cliJson(['get', 'at last', '-o', join(folder, 'last')], person.cli);
    expect(await hashOfFile(join(folder, 'last'))).toBe(await hashOfFile(large));
  }, 180_000);

  test('interrupted once: ends cleanly with 130, leaves nothing paid for', async () => {
    const person = await newPerson(network);
    const path = await writeRandomFile(await newFolder(network, 'source-'), 'file', 60 * MiB);
    const { child, result } = startCli(['put', path], person.cli);
    await waitUntil('the quote', 30_000, () => child.exitCode !== null || uploadHasBegun(child));
    child.kill('SIGINT');
    const { code, stderr } = await result;
    expect([code, stderr]).toEqual([130, expect.stringContaining('cli/interrupted')]);
    await waitForIndex();
    expect((await cliJson<ContractsAnswer>(['contracts', '--unused'], person.cli)).contracts).toEqual([]);
    expect((await cliJson<PutAnswer>(['ls'], person.cli)).files).toEqual([]);
  }, 90_000);
});

test('what nobody pays for any longer is gone, and does not stand in the way of what comes next', async () => {
  const { address, cli } = shortLived;
  await waitUntil('every contract to be over', 150_000, async () => {
    const { items } = await network.ledger.contracts({ client: address, status: 'active' });
    return items.length === 0;
  });
  await waitUntil('the providers to have let go of it', 60_000, async () => {
    const { code } = await runCli(
      ['get', 'short', '-o', join(dirname(cli.dataDir), 'short-back'), '--force'],
      cli,
    );
    return code !== 0;
  });
  expect((await cliJson<PutAnswer>(['ls'], cli)).files).toEqual([]);
  const path = await writeRandomFile(await newFolder(network, 'source-'), 'next', 10);
  await cliJson(['put', path], cli);
  expect((await cliJson<PutAnswer>(['ls'], cli)).files).toMatchObject([{ name: 'next' }]);
  const view = await network.ledger.account({ account: address });
  expect(BigInt(view.balance)).toBeGreaterThan(0n);
}, 240_000);

test('a file whose paid time is over says so, with the height; the others are there', async () => {
  const { cli } = halfLived;
  const back = join(dirname(cli.dataDir), 'half-back');
  let last = { code: 0 as number | null, stderr: '' };
  await waitUntil('the providers to have let go of it', 150_000, async () => {
    last = await runCli(['get', 'short', '-o', back, '--force'], cli);
    return last.code !== 0;
  });
  const { height, files } = await cliJson<{
    height: number;
    files: readonly { name: string; paidUntilHeight: number }[];
  }>(['ls'], cli);
  const { paidUntilHeight = 0 } = files.find(({ name }) => name === 'short') ?? {};
  expect(paidUntilHeight).toBeGreaterThan(0);
  expect(height).toBeGreaterThan(paidUntilHeight);
  expect([last.code, last.stderr]).toEqual([1, expect.stringContaining('[fetch/expired]')]);
  expect(last.stderr).toContain(`paid for until block ${paidUntilHeight}`);
  await cliJson(['get', 'long', '-o', back, '--force'], cli);
}, 240_000);

test('the memory of a client stays flat for a large file', async () => {
  const person = await newPerson(network);
  const path = join(await newFolder(network, 'source-'), 'large');
  await writeFile(path, '');
  await truncate(path, 300 * MiB);
  const put = startCli(['put', path], person.cli);
  const putPeak = watchPeakMemory(put.child.pid ?? 0);
  expect((await put.result).code).toBe(0);
  const back = `${path}.back`;
  const get = startCli(['get', 'large', '-o', back], person.cli);
  const getPeak = watchPeakMemory(get.child.pid ?? 0);
  expect((await get.result).code).toBe(0);
  expect(await hashOfFile(back)).toBe(await hashOfFile(path));
  expect((await putPeak).mebibytes).toBeLessThan(400);
  expect((await getPeak).mebibytes).toBeLessThan(400);
  await cliJson(['rm', 'large', '--yes'], person.cli);
  await rm(path);
}, 240_000);

/** The explorer's index follows the chain; lists of contracts come from it. */
async function waitForIndex(): Promise<void> {
  const { tip } = await network.ledger.status();
  await waitUntil('the index', 30_000, async () => {
    const { indexHeight, mempool } = await network.ledger.status();
    return indexHeight > tip.height && mempool.count === 0;
  });
}

const seenOutput = new WeakMap<object, string>();
function uploadHasBegun(child: ReturnType<typeof startCli>['child']): boolean {
  if (!seenOutput.has(child)) {
    seenOutput.set(child, '');
    child.stderr?.on('data', (part: Buffer) =>
      seenOutput.set(child, seenOutput.get(child) + part.toString()),
    );
  }
  return seenOutput.get(child)?.includes('total') === true;
}
