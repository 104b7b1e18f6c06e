import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';

const PEERS = resolve('bench', 'peers');
const INSTALLED = join(PEERS, 'node_modules', '.installed-from');
const INSTALL_MS = 300_000;
const ROUND_MS = 120_000;

/** Whether the peers can be run; otherwise why not. Installs them where they are not installed as locked. */
export async function installPeers(): Promise<string | undefined> {
  const locked = readFileSync(join(PEERS, 'package-lock.json'), 'utf8');
  if (textOf(INSTALLED) === locked) return undefined;
  process.stderr.write('installing the peers of this benchmark into bench/peers/node_modules\n');
  // Their binaries come ready-made in the packages: nothing of theirs needs to run at installing.
  const args = ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
  const { code, output } = await runNpm(args);
  if (code !== 0) return `the peers could not be installed: ${output.trim().split('\n').at(0) ?? code}`;
  writeFileSync(INSTALLED, locked);
  return undefined;
}

/** MB/s of a file copied between two hyperdrives: put on one side while the other fetches it, and fetched alone. */
export async function copyWithHyperdrive(
  file: string,
  sizeBytes: number,
  folder: string,
): Promise<{ putAndCopyMBps: number; fetchMBps: number }> {
  const live = await hyperdriveRound(file, sizeBytes, folder, 'live');
  const fetched = await hyperdriveRound(file, sizeBytes, folder, 'fetch');
  return { putAndCopyMBps: live, fetchMBps: fetched };
}

async function hyperdriveRound(
  file: string,
  sizeBytes: number,
  folder: string,
  way: 'live' | 'fetch',
): Promise<number> {
  const stores = await mkdtemp(join(folder, 'hyperdrive-'));
  const writer = new PeerProcess('hyperdrive.mjs', join(stores, 'writer'));
  const reader = new PeerProcess('hyperdrive.mjs', join(stores, 'reader'));
  try {
    const { key, port } = await writer.ask('serve');
    if (way === 'fetch') await writer.ask('put', { file });
    else await reader.ask('connect', { key, port });
    const startedMs = performance.now();
    await Promise.all([
      way === 'live' ? writer.ask('put', { file }) : reader.ask('connect', { key, port }),
      reader.ask('all', { sizeBytes }),
    ]);
    return megabytesPerSecond(sizeBytes, startedMs);
  } finally {
    await Promise.all([writer.stop(), reader.stop()]);
    await rm(stores, { recursive: true, force: true });
  }
}

/** MB/s of a file downloaded by webtorrent from a process that has it. */
export async function downloadWithWebtorrent(
  file: string,
  sizeBytes: number,
  folder: string,
): Promise<number> {
  const target = await mkdtemp(join(folder, 'webtorrent-'));
  const seeder = new PeerProcess('webtorrent.mjs');
  const leecher = new PeerProcess('webtorrent.mjs');
  try {
    const { torrent, port } = await seeder.ask('seed', { file });
    const startedMs = performance.now();
    await leecher.ask('get', { torrent, port, folder: target });
    return megabytesPerSecond(sizeBytes, startedMs);
  } finally {
    await Promise.all([seeder.stop(), leecher.stop()]);
    await rm(target, { recursive: true, force: true });
  }
}

/** A script of bench/peers as a process of its own: one line of JSON for each word it is told. */
class PeerProcess {
  private readonly child: ChildProcess;
  private readonly waiting = new Map<string, (answer: PeerAnswer) => void>();
  private lastWords = '';

  constructor(script: string, ...args: string[]) {
    this.child = spawn(process.execPath, [join(PEERS, script), ...args], { stdio: ['pipe', 'pipe', 'pipe'] });
    const { stdin, stdout, stderr } = this.child;
    stdin?.on('error', () => undefined);
    stderr?.on('data', (part: Buffer) => {
      this.lastWords = `${this.lastWords}${part}`.slice(-2_000);
    });
    if (stdout !== null) {
      createInterface({ input: stdout }).on('line', (line) => {
        const answer = JSON.parse(line) as PeerAnswer;
        this.waiting.get(answer.word)?.(answer);
      });
    }
    this.child.once('exit', (code) => {
      for (const [word, done] of this.waiting) {
        done({ word, error: `the peer ended with ${code}: ${this.lastWords}` });
      }
    });
  }

  async ask(word: string, data: object = {}): Promise<PeerAnswer> {
    let timer: NodeJS.Timeout | undefined;
    const answer = await new Promise<PeerAnswer>((done) => {
      timer = setTimeout(() => done({ word, error: `no answer within ${ROUND_MS} ms` }), ROUND_MS);
      this.waiting.set(word, done);
      this.child.stdin?.write(`${JSON.stringify({ ...data, word })}\n`);
    });
    clearTimeout(timer);
    this.waiting.delete(word);
    if (answer.error !== undefined) throw new Error(`${word}: ${answer.error}`);
    return answer;
  }

  async stop(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const gone = new Promise((done) => this.child.once('exit', done));
    this.child.kill('SIGKILL');
    await gone;
  }
}

interface PeerAnswer {
  readonly word: string;
  readonly error?: string;
  readonly [key: string]: unknown;
}

function runNpm(args: readonly string[]): Promise<{ code: number | null; output: string }> {
  return new Promise((done) => {
    const child = spawn('npm', args, {
      cwd: PEERS,
      timeout: INSTALL_MS,
      shell: process.platform === 'win32',
    });
    let output = '';
    const take = (part: Buffer): void => {
      output += part;
    };
    child.stdout.on('data', take);
    child.stderr.on('data', take);
    child.once('error', (error) => done({ code: null, output: error.message }));
    child.once('close', (code) => done({ code, output }));
  });
}

function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

function megabytesPerSecond(sizeBytes: number, startedMs: number): number {
  return sizeBytes / 1e6 / ((performance.now() - startedMs) / 1000);
}
