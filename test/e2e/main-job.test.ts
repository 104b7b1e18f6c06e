import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { AuditView, ContractView } from '#wire';
import { waitUntil } from '../../libs/lifecycle/testing/index.js';
import { environmentOf, openFilesOf, processesMentioning } from './support/process-table.js';

const driver = resolve(fileURLToPath(import.meta.url), '../../../tools/devnet/main.js');
const JOB_LIMIT_MS = 240_000;

interface Totals {
  readonly earned: string;
  readonly lost: string;
}

interface Report {
  readonly contracts: readonly Pick<ContractView, 'id' | 'tranche' | 'burned' | 'totalBytes' | 'epochs'>[];
  readonly outcome: readonly (Pick<ContractView, 'id' | 'providerAddress' | 'proven' | 'missed'> & {
    totals: Totals;
  })[];
  readonly killed: readonly string[];
  readonly repaired: readonly { readonly id: string; readonly replacement: string }[];
  readonly audit: AuditView;
  readonly sizeBytes: number;
  /** What the command line quoted before, and what the ledger says was locked and burned. */
  readonly quoted: { readonly storage: string; readonly burn: string };
  readonly bill: { readonly storage: string; readonly burn: string };
}

describe('the main job, as npm start runs it', () => {
  let folder: string;
  let running: ReturnType<typeof startDriver> | undefined;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'cairn-main-job-'));
  });
  afterAll(async () => {
    running?.child.kill('SIGKILL');
    await waitUntil(
      'all processes of the network to end',
      () => processesMentioning(folder).length === 0,
      20_000,
    );
    await rm(folder, { recursive: true, force: true });
  });

  function startDriver(...args: string[]) {
    const child = spawn(
      process.execPath,
      [driver, '--auto-ports', '--data-dir', join(folder, 'net'), ...args],
      {
        stdio: ['ignore', 'pipe', 'pipe'],
      },
    );
    let output = '';
    child.stdout.on('data', (part: Buffer) => (output += part.toString()));
    child.stderr.on('data', (part: Buffer) => (output += part.toString()));
    const exited = new Promise<number | null>((done) => child.once('close', (code) => done(code)));
    return { child, exited, output: () => output };
  }

  async function get<T>(base: string, path: string): Promise<T> {
    const answer = await fetch(`${base}/api/v1${path}`);
    expect([path, answer.status]).toEqual([path, 200]);
    return (await answer.json()) as T;
  }

  const contractOf = async (admin: string, id: string): Promise<ContractView> =>
    (await get<{ contract: ContractView }>(admin, `/contracts/${id}`)).contract;

  test(
    'stores, loses 5 of 8 providers, gets back, pays and penalises; its numbers are the admin API’s; killed, it leaves nothing',
    async () => {
      const reportFile = join(folder, 'report.json');
      running = startDriver('--seed', '7', '--report', reportFile);
      const { child, output, exited } = running;
      await waitUntil(
        'the job to finish',
        () => output().includes('The network is running') || child.exitCode !== null,
        JOB_LIMIT_MS,
      );
      expect(output()).toContain('The network is running');
      const report = JSON.parse(await readFile(reportFile, 'utf8')) as Report;
      const admin = /explorer\s+(http:\/\/[^/\s]+)\//.exec(output())?.[1] ?? '';

      expect(report.contracts).toHaveLength(8);
      expect(report.killed).toHaveLength(5);
      expect(report.repaired.length).toBeGreaterThanOrEqual(2);
      for (const { id, replacement } of report.repaired) {
        const { origin } = await contractOf(admin, replacement);
        expect(origin).toMatchObject({ kind: 'replacement', contract: id });
      }
      for (const shown of report.contracts) {
        expect(await contractOf(admin, shown.id)).toMatchObject(shown);
      }
      expect(report.quoted).toMatchObject(report.bill);
      for (const shown of report.outcome) {
        const now = await contractOf(admin, shown.id);
        expect(now.providerAddress).toBe(shown.providerAddress);
        expect(now.proven).toBeGreaterThanOrEqual(shown.proven);
        expect(now.missed).toBeGreaterThanOrEqual(shown.missed);
        const isDead = report.killed.includes(shown.providerAddress);
        expect(shown[isDead ? 'missed' : 'proven']).toBeGreaterThan(0);
        expect(BigInt(shown.totals[isDead ? 'lost' : 'earned'])).toBeGreaterThan(0n);
        const { totals } = await get<{ totals: Totals }>(admin, `/payouts/statement?contract=${shown.id}`);
        expect(BigInt(totals.lost)).toBeGreaterThanOrEqual(BigInt(shown.totals.lost));
        expect(BigInt(totals.earned)).toBeGreaterThanOrEqual(BigInt(shown.totals.earned));
      }
      expect(report.audit.balanced).toBe(true);
      const audit = await get<AuditView>(admin, '/supply/audit');
      expect(audit.balanced).toBe(true);
      expect(audit.genesis).toBe(report.audit.genesis);
      expect(BigInt(audit.burned)).toBeGreaterThanOrEqual(BigInt(report.audit.burned));

      expect(output()).toContain('killed with SIGKILL (seed 7)');
      const providers = processesMentioning(folder).filter(({ commandLine }) =>
        commandLine.includes('apps/provider'),
      );
      // Eight, and two that joined for what was lost.
      expect(providers).toHaveLength(10);
      for (const { pid } of providers) {
        const own = `${environmentOf(pid, 'CAIRN_DATA_DIR')}/`;
        const opened = openFilesOf(pid).filter((path) => path.startsWith(folder) && !path.endsWith('.log'));
        expect(opened.length).toBeGreaterThan(0);
        expect(opened.filter((path) => !path.startsWith(own))).toEqual([]);
      }

      child.kill('SIGKILL');
      await exited;
      await waitUntil(
        'the children of a killed driver to end',
        () => processesMentioning(folder).length === 0,
        20_000,
      );
    },
    JOB_LIMIT_MS + 60_000,
  );

  test(
    'a second start continues with the same data, and --once ends with 0 and leaves nothing',
    async () => {
      running = startDriver('--seed', '8', '--once');
      const { exited, output } = running;
      const code = await exited;
      expect([code, code === 0 ? '' : output()]).toEqual([0, '']);
      expect(output()).toContain('Everything held.');
      expect(processesMentioning(folder)).toEqual([]);
    },
    JOB_LIMIT_MS + 60_000,
  );
});
