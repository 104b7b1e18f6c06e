import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { AppError } from '#errors';
import { redundancyProfiles } from '#fragments';
import type { ContractView } from '#wire';
import { type AdminApi, createAdminApi } from './admin-api.js';
import { type CliSettings, runCli } from './cli-runner.js';
import type { DevnetNetwork, ProviderProcess } from './network.js';
import type { DevnetOptions } from './options.js';
import { chooseSeeded } from './seeded-choice.js';
import { bytes, coins, line, short, step, table } from './show.js';
import { waitFor } from './wait-for.js';

/** Providers that join after others were lost: what those kept is rebuilt for them. */
const SPARES = 2;
/** Coins the client asks the faucet for when it has little. */
const CLIENT_FUNDS = 10_000n * 1_000_000_000n;
const CLIENT_LOW = CLIENT_FUNDS / 10n;

/** Every number the job showed, with the place of the admin API it came from; a test compares them. */
export type JobReport = Record<string, unknown>;

interface PutAnswer {
  readonly files: readonly {
    readonly name: string;
    readonly contracts: readonly string[];
    readonly sizeBytes: number;
    readonly cost: Bill;
  }[];
}

/** What storing costs, base units; `storage` returns where it is not earned, `burn` does not. */
interface Bill {
  readonly storage: string;
  readonly burn: string;
}

/** What the ledger says was locked and burned for some contracts. */
function billOf(views: readonly ContractView[]): Bill {
  const storage = views.reduce((sum, { tranche, epochs }) => sum + BigInt(tranche) * BigInt(epochs), 0n);
  const burn = views.reduce((sum, { burned }) => sum + BigInt(burned), 0n);
  return { storage: storage.toString(), burn: burn.toString() };
}

/** Stores a real file for coins, loses providers, gets it back, shows who was paid and who was not. */
export async function runMainJob(
  network: DevnetNetwork,
  options: DevnetOptions,
  distRoot: string,
  signal: AbortSignal,
): Promise<JobReport> {
  const admin = createAdminApi(network.addresses.admin);
  const cli: CliSettings = {
    distRoot,
    dataDir: network.clientDir,
    nodeUrl: network.addresses.node,
    repairer: network.repairerAddress,
    signal,
  };
  const report: JobReport = { seed: options.seed, file: options.file };

  step('Coins');
  await fundClient(network, admin, cli, report, signal);

  step(`Store ${options.file}`);
  const contracts = await storeFile(options, admin, cli, report);

  step('Lose providers');
  const killed = await loseProviders(network, options, contracts, report);

  step('Get the file back: a new process, an empty folder, the phrase and the network');
  const [, spares] = await Promise.all([
    getBack(options, cli, report),
    network.addProviders(Math.min(SPARES, killed.size)),
  ]);
  if (spares.length > 0) line(`${spares.map(({ name }) => name).join(' and ')} join the network`);

  step('Let epochs pass');
  const settled = await passEpochs(admin, contracts, killed, signal);
  await showOutcome(network, admin, settled, report);

  step('Repair: the client is away, its repairer rebuilds what was lost and can read none of it');
  await showRepairs(network, admin, contracts, spares.length, report, signal);

  step('Audit the supply: every block from the first, replayed in code of its own');
  await showAudit(admin, report);
  return report;
}

async function fundClient(
  network: DevnetNetwork,
  admin: AdminApi,
  cli: CliSettings,
  report: JobReport,
  signal: AbortSignal,
): Promise<void> {
  const { answer } = await runCli<{ address: string }>(cli, ['wallet', 'address']);
  const before = await admin.account(answer.address);
  if (BigInt(before.balance) < CLIENT_LOW) {
    await network.fund(answer.address, CLIENT_FUNDS);
    await waitFor(
      'the faucet’s coins',
      30_000,
      async () => BigInt((await admin.account(answer.address)).balance) >= CLIENT_LOW,
      signal,
    );
  }
  const account = await admin.account(answer.address);
  line(`${answer.address} holds ${coins(account.balance)} coins`);
  report['client'] = answer.address;
  report['clientBalance'] = account.balance;
}

async function storeFile(
  options: DevnetOptions,
  admin: AdminApi,
  cli: CliSettings,
  report: JobReport,
): Promise<readonly string[]> {
  const { size } = await stat(options.file);
  const name = basename(options.file);
  const { answer, seconds } = await runCli<PutAnswer>(cli, [
    'put',
    options.file,
    '--name',
    name,
    '--epochs',
    String(options.epochs),
    // A job that runs again stores again: that is what it shows.
    '--again',
    '--yes',
  ]);
  const contracts = answer.files[0]?.contracts ?? [];
  const views = await Promise.all(contracts.map((id) => admin.contract(id)));
  line(
    `${bytes(size)} in ${seconds.toFixed(1)} s (${(size / seconds / 1e6).toFixed(0)} MB/s, quote, sealing, contracts and anchor included)`,
  );
  table(
    ['contract', 'provider', 'stored', 'epochs', 'per epoch', 'burned', 'collateral'],
    views.map((view) => [
      short(view.id),
      short(view.providerAddress),
      bytes(BigInt(view.totalBytes)),
      String(view.epochs),
      coins(view.tranche),
      coins(view.burned),
      coins(view.collateral),
    ]),
  );
  const bill = billOf(views);
  line(`the bill: ${coins(bill.storage)} in escrow, ${coins(bill.burn)} burned`);
  report['quoted'] = answer.files[0]?.cost;
  report['bill'] = bill;
  report['name'] = name;
  report['sizeBytes'] = size;
  report['putSeconds'] = seconds;
  report['contracts'] = views.map(({ id, tranche, burned, totalBytes, epochs }) => ({
    id,
    tranche,
    burned,
    totalBytes,
    epochs,
  }));
  return contracts;
}

/** Kills as many holders of the file as its profile survives, chosen by the seed. */
async function loseProviders(
  network: DevnetNetwork,
  options: DevnetOptions,
  contracts: readonly string[],
  report: JobReport,
): Promise<ReadonlySet<string>> {
  const { k, n } = redundancyProfiles.devnet;
  const count = Math.max(0, Math.min(n, contracts.length) - k);
  const victims = chooseSeeded(network.providers, count, options.seed);
  line(
    `profile ${k}-of-${n}: ${count} of ${network.providers.length} are killed with SIGKILL (seed ${options.seed})`,
  );
  for (const victim of victims) {
    await network.killProvider(victim.index);
    line(`${victim.name} is dead (${short(victim.address)})`);
  }
  report['killed'] = victims.map(({ address }) => address);
  return new Set(victims.map(({ address }) => address));
}

async function getBack(options: DevnetOptions, cli: CliSettings, report: JobReport): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'cairn-get-'));
  try {
    const { answer } = await runCli<{ phrase: string }>(cli, ['keys', 'show', '--yes']);
    const fresh = { ...cli, dataDir: join(folder, 'home') };
    const phraseFile = join(folder, 'phrase');
    await writeFile(phraseFile, `${answer.phrase}\n`, { mode: 0o600 });
    await runCli(fresh, ['keys', 'import', '--file', phraseFile, '--quiet']);
    const target = join(folder, 'back');
    const { seconds } = await runCli(fresh, ['get', String(report['name']), '-o', target]);
    const [original, back] = await Promise.all([hashFile(options.file), hashFile(target)]);
    const { size } = await stat(target);
    if (original !== back) {
      throw new AppError({
        code: 'devnet/hash-differs',
        message: `SHA-256 ${back} came back, ${original} was stored.`,
      });
    }
    line(
      `${bytes(size)} in ${seconds.toFixed(1)} s (${(size / seconds / 1e6).toFixed(0)} MB/s); SHA-256 ${original}: the same`,
    );
    report['getSeconds'] = seconds;
    report['sha256'] = back;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Waits until every living holder was paid and every dead one missed, once at least. */
async function passEpochs(
  admin: AdminApi,
  contracts: readonly string[],
  killed: ReadonlySet<string>,
  signal: AbortSignal,
): Promise<readonly ContractView[]> {
  let views: ContractView[] = [];
  await waitFor(
    'a proof of every living provider and a miss of every dead one',
    90_000,
    async () => {
      views = await Promise.all(contracts.map((id) => admin.contract(id)));
      return views.every((view) => (killed.has(view.providerAddress) ? view.missed > 0 : view.proven > 0));
    },
    signal,
  );
  return views;
}

/** Waits until each provider that joined keeps a fragment of the file again: more there is no room for elsewhere. */
async function showRepairs(
  network: DevnetNetwork,
  admin: AdminApi,
  contracts: readonly string[],
  count: number,
  report: JobReport,
  signal: AbortSignal,
): Promise<void> {
  let replaced: ContractView[] = [];
  await waitFor(
    `${count} contracts to be given to other providers`,
    90_000,
    async () => {
      const views = await Promise.all(contracts.map((id) => admin.contract(id)));
      replaced = views.filter(({ status }) => status === 'replaced');
      return replaced.length >= count;
    },
    signal,
  );
  const nameOf = new Map(network.providers.map(({ address, name }) => [address, name]));
  const rows = await Promise.all(
    replaced.map(async ({ id, providerAddress, successor }) => {
      const now = await admin.contract(successor ?? id);
      return { id, from: providerAddress, now };
    }),
  );
  table(
    ['contract', 'of', 'goes on with', 'rebuilt', 'price', 'bounty to come'],
    rows.map(({ id, from, now }) => [
      short(id),
      nameOf.get(from) ?? short(from),
      nameOf.get(now.providerAddress) ?? short(now.providerAddress),
      bytes(BigInt(now.totalBytes)),
      coins(BigInt(now.tranche) * BigInt(now.epochs)),
      coins(now.bounty),
    ]),
  );
  report['repaired'] = rows.map(({ id, now }) => ({ id, replacement: now.id }));
}

async function showOutcome(
  network: DevnetNetwork,
  admin: AdminApi,
  views: readonly ContractView[],
  report: JobReport,
): Promise<void> {
  const nameOf = new Map(
    network.providers.map((provider: ProviderProcess) => [provider.address, provider.name]),
  );
  const totals = await Promise.all(views.map(({ id }) => admin.contractTotals(id)));
  table(
    ['provider', 'proven', 'missed', 'status', 'paid', 'vesting', 'penalty'],
    views.map((view, index) => [
      nameOf.get(view.providerAddress) ?? short(view.providerAddress),
      String(view.proven),
      String(view.missed),
      view.status,
      coins(totals[index]?.earned ?? '0'),
      coins(totals[index]?.held ?? '0'),
      coins(totals[index]?.lost ?? '0'),
    ]),
  );
  report['outcome'] = views.map(({ id, providerAddress, proven, missed }, index) => ({
    id,
    providerAddress,
    proven,
    missed,
    totals: totals[index],
  }));
}

async function showAudit(admin: AdminApi, report: JobReport): Promise<void> {
  const audit = await admin.audit();
  table(
    ['', 'coins'],
    [
      ['genesis', coins(audit.genesis)],
      ['+ minted', coins(audit.minted)],
      ['- burned', coins(audit.burned)],
      ['= expected', coins(audit.expectedTotal)],
      ['sum of everything', coins(audit.actualTotal)],
    ],
  );
  report['audit'] = audit;
  if (!audit.balanced) {
    throw new AppError({
      code: 'devnet/unbalanced',
      message: `The supply does not balance: ${audit.differences.join('; ')}`,
    });
  }
  line(`balanced at block ${audit.height}, ${audit.blocksReplayed} blocks replayed`);
}

async function hashFile(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path, { highWaterMark: 1 << 20 }), hash);
  return hash.digest('hex');
}
