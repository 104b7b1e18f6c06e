import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { AppError } from '#errors';

/** One run of the command line: what it printed as JSON and how long it took. */
export interface CliRun<T> {
  readonly answer: T;
  readonly seconds: number;
}

export interface CliSettings {
  readonly distRoot: string;
  readonly dataDir: string;
  readonly nodeUrl: string;
  /** Named in what is stored. */
  readonly repairer: string;
  readonly signal: AbortSignal;
}

/** Runs `cairn …` as a process of its own, as a person would, and reads its JSON answer; progress goes to the terminal. */
export function runCli<T>(settings: CliSettings, args: readonly string[]): Promise<CliRun<T>> {
  const started = performance.now();
  return new Promise((resolve, reject) => {
    const child = spawn(
      process.execPath,
      [
        join(settings.distRoot, 'apps/cli/main.js'),
        ...args,
        '--json',
        '--data-dir',
        settings.dataDir,
        '--node-url',
        settings.nodeUrl,
      ],
      {
        stdio: ['ignore', 'pipe', 'inherit'],
        signal: settings.signal,
        killSignal: 'SIGTERM',
        env: {
          ...process.env,
          CAIRN_NETWORK: 'devnet',
          CAIRN_PASSPHRASE: '',
          CAIRN_REPAIRER: settings.repairer,
        },
      },
    );
    const parts: Buffer[] = [];
    child.stdout.on('data', (part: Buffer) => parts.push(part));
    child.once('error', reject);
    child.once('close', (code) => {
      const text = Buffer.concat(parts).toString('utf8');
      if (code !== 0) {
        reject(
          new AppError({
            code: 'devnet/cli-failed',
            message: `cairn ${args.join(' ')} ended with exit code ${code}.`,
          }),
        );
        return;
      }
      resolve({ answer: JSON.parse(text) as T, seconds: (performance.now() - started) / 1000 });
    });
  });
}
