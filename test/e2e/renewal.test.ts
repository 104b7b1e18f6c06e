import { access, readFile, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { cliJson, runCli, startCli } from './support/cli.js';
import { hashOfFile, writeRandomFile } from './support/files.js';
import { TestNetwork } from './support/network.js';
import { newFolder, newPerson, type Person } from './support/people.js';
import { waitUntil } from './support/wait.js';

interface Ending {
  readonly isRenewed: boolean;
  readonly why: string | null;
  readonly text: string;
  readonly blocksLeft: number;
}
interface ContractsAnswer {
  readonly contracts: readonly {
    readonly id: string;
    readonly keeps: string | null;
    readonly origin: { readonly contract: string } | null;
    readonly ending: Ending;
  }[];
}
interface Bill {
  readonly contracts: readonly { readonly contract: string; readonly total: string }[];
  readonly total: Readonly<Record<string, string>>;
  readonly difference: Readonly<Record<string, string>> | null;
}

let network: TestNetwork;
let person: Person;
let path: string;
beforeAll(async () => {
  network = await TestNetwork.start({ providers: 6 });
  person = await newPerson(network);
  path = await writeRandomFile(await newFolder(network, 'source-'), 'film', 200_000);
  await cliJson(['put', path, '--name', 'film', '--epochs', '4'], person.cli);
}, 180_000);
afterAll(async () => {
  await network.stop();
  await expect(access(network.folder)).rejects.toMatchObject({ code: 'ENOENT' });
}, 60_000);

const contracts = async (): Promise<ContractsAnswer['contracts']> =>
  (await cliJson<ContractsAnswer>(['contracts'], person.cli)).contracts;
const ofFilm = async () => (await contracts()).filter(({ keeps }) => keeps === 'film');

test('a file that nobody looks after is said to lapse; its bill stands beside its quote', async () => {
  const [one] = await ofFilm();
  expect(one?.ending).toMatchObject({ isRenewed: false, why: 'automatic renewal is off here' });
  const status = await runCli(['status', 'film'], person.cli);
  expect(status.stderr).toMatch(
    /warning: 6 contracts of 'film' are NOT renewed; the first lapses in \d+ blocks, at \d+/,
  );
  const { total, difference } = await cliJson<Bill>(['bill', 'film'], person.cli);
  expect(difference).toMatchObject({ storage: '0', burn: '0', reserve: '0', reads: '0' });
  // The fee was bounded from above, and close.
  const more = BigInt(difference?.['fees'] ?? '0');
  expect(more <= 0n && more > -400n).toBe(true);
  expect(BigInt(total['storage'] ?? 0)).toBe(
    BigInt(total['paid'] ?? 0) +
      BigInt(total['held'] ?? 0) +
      BigInt(total['refunded'] ?? 0) +
      BigInt(total['stillLocked'] ?? 0),
  );
}, 120_000);

test('automatic renewal stays below its limit, renews once, and the file is read as before', async () => {
  const before = await ofFilm();
  const little = await runCli(
    ['renew', '--auto', '--once', '--limit', '0.0001', '--epochs', '20'],
    person.cli,
  );
  expect(little.stderr).toMatch(/warning: contract .* lapses in .* of the limit of 100000 are left/);
  expect((await ofFilm()).map(({ id }) => id)).toEqual(before.map(({ id }) => id));

  const run = startCli(['renew', '--auto', '--limit', '20', '--epochs', '20'], person.cli);
  await waitUntil('the renewals', 100_000, async () =>
    (await ofFilm()).every(({ origin, ending }) => origin !== null && ending.isRenewed),
  );
  run.child.kill('SIGINT');
  await run.result;
  const after = await ofFilm();
  expect(after.map(({ origin }) => origin?.contract).sort()).toEqual(before.map(({ id }) => id).sort());
  expect(after[0]?.ending.text).toMatch(/^ends in \d+ blocks, at .*: renewed automatically$/);
  const book = JSON.parse(await readFile(join(person.cli.dataDir, 'renewals.json'), 'utf8')) as {
    notes: Record<string, { state: string; amount: string; successor?: string }>;
  };
  for (const { id, origin } of after) {
    const note = book.notes[origin?.contract ?? ''];
    expect(note).toMatchObject({ state: 'renewed', successor: id });
    // The bill is of the whole chain: what was paid first, and what the renewal took.
    const { contracts: parts } = await cliJson<Bill>(['bill', id], person.cli);
    expect(parts).toHaveLength(2);
    expect(note?.amount).toBe(parts.find(({ contract }) => contract === id)?.total);
  }
  const back = join(await newFolder(network, 'back-'), 'film');
  expect((await runCli(['get', 'film', '-o', back], person.cli)).code).toBe(0);
  expect(await hashOfFile(back)).toBe(await hashOfFile(path));
  // Renewed contracts keep the file: they are not taken for leftovers.
  const unused = await cliJson<ContractsAnswer>(['contracts', '--unused'], person.cli);
  expect(unused.contracts.filter(({ origin }) => origin !== null)).toEqual([]);
}, 240_000);

test('by hand: renewed and extended for a price that is said before', async () => {
  const before = await ofFilm();
  const dry = await cliJson<{ most: string; renewed: unknown[] }>(
    ['renew', 'film', '--epochs', '30', '--dry-run'],
    person.cli,
  );
  expect(dry.renewed).toEqual([]);
  const over = await runCli(['renew', 'film', '--epochs', '30', '--limit', '0.0001'], person.cli);
  expect([over.code, over.stderr]).toEqual([78, expect.stringContaining('renewals/limit')]);
  const extended = await cliJson<{ extended: unknown[]; failed: unknown[] }>(
    ['extend', 'film', '5'],
    person.cli,
  );
  expect([extended.extended.length, extended.failed]).toEqual([before.length, []]);
  const later = await ofFilm();
  expect(later[0]!.ending.blocksLeft).toBeGreaterThan(before[0]!.ending.blocksLeft + 20);
  const { stdout } = await runCli(['contracts', 'show', later[0]!.id], person.cli);
  expect(stdout).toContain('contract/revised');
  expect(stdout).toMatch(/continues +[0-9a-f]{64} \(renewal\)/);
}, 240_000);

test('a provider declares its maintenance and says that it leaves, by its own keys', async () => {
  const [one] = await ofFilm();
  const view = await network.ledger.contract({ id: one!.id });
  const provider = network.providers.find(({ address }) => address === view?.providerAddress);
  // The command line finds a provider in the folder `provider` of its own.
  const home = await newFolder(network, 'operator-');
  await symlink(provider!.dataDir, join(home, 'provider'));
  const cli = { dataDir: home, nodeUrl: network.nodeUrl };

  const unasked = await runCli(['provider', 'skip', one!.id], cli);
  expect([unasked.code, unasked.stderr]).toEqual([2, expect.stringContaining('this was the only skip')]);
  const declared = await cliJson<{ epoch: number }>(['provider', 'skip', one!.id, '--yes'], cli);
  expect(await network.ledger.contract({ id: one!.id })).toMatchObject({ skip: declared.epoch });
  const twice = await runCli(['provider', 'skip', one!.id, '--yes'], cli);
  expect([twice.code, twice.stderr]).toEqual([1, expect.stringContaining('skip/')]);

  const drained = await cliJson<{ drained: string[] }>(['provider', 'drain', one!.id, '--yes'], cli);
  expect(drained.drained).toEqual([one!.id]);
  const { stdout } = await runCli(['contracts', 'show', one!.id], cli);
  expect(stdout).toMatch(/provider leaves +said so at height \d+/);
  expect(stdout).toContain('contract/skip-declared');
  const other = (await ofFilm()).find(({ id }) => id !== one!.id);
  const stranger = await runCli(['provider', 'drain', other!.id, '--yes'], cli);
  expect([stranger.code, stranger.stderr]).toEqual([1, expect.stringContaining('contract/not-yours')]);
  await waitUntil('the skipped epoch', 60_000, async () =>
    (await network.ledger.contractTimeline({ id: one!.id })).some(
      ({ name, data }) => name === 'contract/skipped' && data['epoch'] === declared.epoch,
    ),
  );
  const proof = await runCli(['proof', one!.id, String(declared.epoch)], cli);
  expect(proof.stdout).toContain(`${declared.epoch}: skipped`);
}, 240_000);
