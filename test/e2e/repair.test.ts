import { access, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { devnet } from '#chain';
import { contractNow } from '#client';
import type { ContractView, RepairStatus } from '#wire';
import { cliJson, runCli } from './support/cli.js';
import { hashOfFile, writeRandomFile } from './support/files.js';
import { TestNetwork } from './support/network.js';
import { elsewhere, newFolder, newPerson, type Person } from './support/people.js';
import { TestRepairer } from './support/repairer.js';
import { waitUntil } from './support/wait.js';

const HOLDERS = 8;
const SPARES = 3;
const LOST = 3;
const { epochBlocks, windowBlocks } = devnet.contract;

interface PutAnswer {
  readonly files: readonly { readonly contracts: readonly string[] }[];
}
interface RepairerAnswer {
  readonly things: readonly {
    readonly name: string;
    readonly repairer: string | null;
    readonly view: { readonly liveFragments: number | null; readonly replaced: number } | null;
  }[];
}

let network: TestNetwork;
let repairer: TestRepairer;
let person: Person;
let path: string;
/** Of the file. */
let contracts: readonly string[];

const repairStatus = async (): Promise<RepairStatus> =>
  (await (await fetch(`${repairer.url}/v1/repair/status`)).json()) as RepairStatus;
const view = async (id: string): Promise<ContractView> => {
  const found = await network.ledger.contract({ id });
  if (found === null) throw new Error(`no contract ${id}`);
  return found;
};

beforeAll(async () => {
  network = await TestNetwork.start({ providers: HOLDERS + SPARES });
  repairer = await TestRepairer.start(network);
  const made = await newPerson(network);
  person = { ...made, cli: { ...made.cli, env: { CAIRN_REPAIRER: repairer.address } } };
  path = await writeRandomFile(await newFolder(network, 'source-'), 'film', 3_000_000);
}, 180_000);
afterAll(async () => {
  await repairer.kill();
  await network.stop();
  await expect(access(network.folder)).rejects.toMatchObject({ code: 'ENOENT' });
}, 60_000);

test('the client is gone, three of eight holders die for good, the repairer is killed in the middle: all is whole within an epoch', async () => {
  const put = await runCli(['put', path, '--epochs', '40', '--yes', '--json'], person.cli);
  expect([put.code, put.stderr]).toEqual([0, expect.not.stringContaining('warning')]);
  expect(put.stderr).toContain('set aside; what no repair needs returns');
  contracts = (JSON.parse(put.stdout) as PutAnswer).files[0]!.contracts;
  expect(contracts).toHaveLength(HOLDERS);
  const before = await Promise.all(contracts.map(view));
  for (const { repair, reserve } of before) {
    expect(repair).not.toBeNull();
    expect(BigInt(reserve)).toBeGreaterThan(0n);
  }
  const { things } = await cliJson<RepairerAnswer>(['repairer', 'status'], person.cli);
  expect(things.map(({ name, repairer: who }) => [name, who]).sort()).toEqual([
    ['(catalogue)', repairer.address],
    ['film', repairer.address],
  ]);
  await rm(person.cli.dataDir, { recursive: true });

  const dead = before.slice(0, LOST);
  for (const { providerAddress } of dead) {
    await network.providers.find(({ address }) => address === providerAddress)?.child.kill();
  }
  const killedAt = (await network.ledger.status()).tip.height;
  const mine = new Set(dead.map(({ providerAddress }) => providerAddress));
  // Of the file and of the list of files.
  const left = async (): Promise<number> => {
    const { items } = await network.ledger.contracts({
      client: person.address,
      status: 'active',
      limit: 200,
    });
    return items.filter(({ providerAddress }) => mine.has(providerAddress)).length;
  };
  const all = await left();
  expect(all).toBeGreaterThanOrEqual(LOST);
  await waitUntil('the first replacement', 120_000, async () => (await left()) < all);
  await repairer.kill();
  const killedAgentAt = (await network.ledger.status()).tip.height;
  await repairer.restart();
  await waitUntil('all replacements', 120_000, async () => (await left()) === 0);

  // Each was missed within an epoch and a window, and was silent for an epoch by then.
  const causes = epochBlocks + windowBlocks + epochBlocks;
  const now = await Promise.all(dead.map(({ id }) => contractNow(network.ledger, id)));
  for (const replaced of now) {
    expect(replaced).toMatchObject({ status: 'active', origin: { kind: 'replacement' } });
    const again = replaced!.registeredAt > killedAgentAt ? epochBlocks : 0;
    expect(replaced!.registeredAt - killedAt).toBeLessThanOrEqual(causes + epochBlocks + again);
  }
  const holders = new Set(
    (await Promise.all(contracts.map((id) => contractNow(network.ledger, id)))).map((one) => one?.provider),
  );
  expect(holders.size).toBe(HOLDERS);
  await waitUntil('its book', 30_000, async () => (await repairStatus()).queue.length === 0);
  expect((await repairStatus()).last.every(({ outcome }) => outcome === 'replaced')).toBe(true);
}, 300_000);

test('its client comes back with the phrase alone, and reads what was rebuilt, and nothing else', async () => {
  const back = await elsewhere(network, person);
  const { things } = await cliJson<RepairerAnswer>(['repairer', 'status'], back.cli);
  for (const { view: seen } of things) expect(seen).toMatchObject({ liveFragments: HOLDERS });
  expect(things.find(({ name }) => name === 'film')?.view).toMatchObject({ replaced: LOST });
  // Eight providers live, so each of them keeps a fragment of the file and one of the list of files: three are enough.
  const now = await Promise.all(contracts.map((id) => contractNow(network.ledger, id)));
  const rebuilt = new Set(
    now.filter((one) => one?.origin?.kind === 'replacement').map((one) => one?.providerAddress),
  );
  expect(rebuilt.size).toBe(LOST);
  for (const { address, child } of network.providers) if (!rebuilt.has(address)) await child.kill();
  const target = join(await newFolder(network, 'back-'), 'film');
  const got = await runCli(['get', 'film', '-o', target], back.cli);
  expect([got.code, got.code === 0 ? '' : got.stderr]).toEqual([0, '']);
  expect(await hashOfFile(target)).toBe(await hashOfFile(path));
}, 180_000);
