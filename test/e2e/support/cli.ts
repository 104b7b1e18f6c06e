import { type ChildProcess, spawn } from 'node:child_process';
import { tmpdir } from 'node:os';
import { resolve } from 'node:path';

/** How a run of the command line ended. */
export interface CliResult {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CliOptions {
  readonly dataDir: string;
  readonly nodeUrl?: string;
  readonly cwd?: string;
  readonly input?: Uint8Array | string;
  readonly env?: Readonly<Record<string, string>>;
  /** A program and its arguments that run it. */
  readonly wrapper?: readonly string[];
}

/** A run that has begun: to be interrupted or killed. */
export interface CliRun {
  readonly child: ChildProcess;
  readonly result: Promise<CliResult>;
}

/** Runs `cairn …` as a process of its own. */
export function startCli(args: readonly string[], options: CliOptions): CliRun {
  const line = [...(options.wrapper ?? []), process.execPath, resolve('dist/apps/cli/main.js'), ...args];
  const child = spawn(line[0] as string, line.slice(1), {
    cwd: options.cwd ?? tmpdir(),
    stdio: ['pipe', 'pipe', 'pipe'],
    env: {
      ...process.env,
      CAIRN_NETWORK: 'devnet',
      CAIRN_DATA_DIR: options.dataDir,
      CAIRN_NODE_URL: options.nodeUrl ?? 'http://127.0.0.1:9',
      CAIRN_REQUEST_TIMEOUT: '5s',
      ...options.env,
    },
  });
  const out: Buffer[] = [];
  const err: Buffer[] = [];
  child.stdout.on('data', (part: Buffer) => out.push(part));
  child.stderr.on('data', (part: Buffer) => err.push(part));
  child.stdin.on('error', () => undefined);
  child.stdin.end(options.input ?? '');
  const result = new Promise<CliResult>((done, fail) => {
    child.once('error', fail);
    child.once('close', (code, signal) =>
      done({
        code,
        signal,
        stdout: Buffer.concat(out).toString('utf8'),
        stderr: Buffer.concat(err).toString('utf8'),
      }),
    );
  });
  return { child, result };
}

/** Runs `cairn …` to its end. */
export function runCli(args: readonly string[], options: CliOptions): Promise<CliResult> {
  return startCli(args, options).result;
}

/** Runs `cairn … --json`, which must succeed, and answers what it printed. */
export async function cliJson<T>(args: readonly string[], options: CliOptions): Promise<T> {
  const { code, stdout, stderr } = await runCli([...args, '--json'], options);
  if (code !== 0) throw new Error(`cairn ${args.join(' ')} ended with ${code}: ${stderr}`);
  return JSON.parse(stdout) as T;
}
