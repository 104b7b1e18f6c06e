import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { AppError } from '#errors';

/** A real redis-server of one test. */
export interface RunningRedis {
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  /** Kills it with SIGKILL, as a power cut would; `restart` brings it back with what its append-only file holds. */
  kill(): Promise<void>;
  /** Starts it again on the same port with the same folder. */
  restart(): Promise<void>;
  /** Freezes it: connections stay open, nothing is answered. */
  pause(): void;
  resume(): void;
  /** Ends it and removes its folder. */
  stop(): Promise<void>;
}

/**
 * Starts redis-server on a free loopback port in a folder of its own, appending every write to disk.
 * @throws AppError `test/redis-missing` when redis-server is not installed
 */
export async function startRedis(options: { readonly password?: string } = {}): Promise<RunningRedis> {
  const folder = await mkdtemp(join(tmpdir(), 'cairn-redis-'));
  const port = await freePort();
  const login = options.password === undefined ? '' : `:${options.password}@`;
  const url = `redis://${login}127.0.0.1:${port}`;
  let child = await launch(folder, port, url, options.password).catch(async (error: unknown) => {
    await rm(folder, { recursive: true, force: true });
    throw error;
  });

  const kill = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill('SIGKILL');
    await exited;
  };
  return {
    url,
    port,
    get pid() {
      return child.pid ?? 0;
    },
    kill,
    restart: async () => {
      await kill();
      child = await launch(folder, port, url, options.password);
    },
    pause: () => void child.kill('SIGSTOP'),
    resume: () => void child.kill('SIGCONT'),
    stop: async () => {
      await kill();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function launch(
  folder: string,
  port: number,
  url: string,
  password: string | undefined,
): Promise<ChildProcess> {
  const args = ['--port', String(port), '--bind', '127.0.0.1', '--dir', folder, '--save', ''];
  args.push('--appendonly', 'yes', '--appendfsync', 'always', '--maxmemory-policy', 'noeviction');
  if (password !== undefined) args.push('--requirepass', password);
  const child = spawn('redis-server', args, { stdio: 'ignore' });
  const failed = new Promise<never>((_, reject) => {
    child.once('error', (cause) => {
      reject(
        new AppError({
          code: 'test/redis-missing',
          message: `redis-server cannot be started: ${cause.message}`,
          next: "install Debian's package redis-server",
          cause,
        }),
      );
    });
    child.once('exit', (code, signal) => reject(new Error(`redis-server ended with ${code ?? signal}`)));
  });
  failed.catch(() => undefined);
  const probe = new Redis(url, { retryStrategy: () => 25, maxRetriesPerRequest: null });
  probe.on('error', () => undefined);
  try {
    await Promise.race([probe.ping(), failed]);
    return child;
  } catch (error) {
    child.kill('SIGKILL');
    throw error;
  } finally {
    probe.disconnect();
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no TCP port was given');
  return address.port;
}
