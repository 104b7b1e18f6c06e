import { spawn } from 'node:child_process';
import { AppError } from '#errors';
import { type ChildLog, createFileLog, createPipeLog } from './child-log.js';
import { isReadyMessage, type ReadyAddresses } from './ready.js';

export interface ChildOptions {
  /** Shown in messages: "provider 3". */
  readonly name: string;
  /** The built entry, an absolute path. */
  readonly file: string;
  readonly args?: readonly string[];
  /** Options of Node itself. */
  readonly nodeArgs?: readonly string[];
  /** Added to the environment of this process. */
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Output is appended here by the child itself; without it, each line goes to `onOutput`. */
  readonly logFile?: string;
  readonly onOutput?: (line: string) => void;
  /** How long a clean stop may take before SIGKILL; 15 s by default. */
  readonly stopTimeoutMs?: number;
}

/** How a child ended: exactly one of the two is set. */
export interface ChildExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A process that this one started and supervises. */
export interface Child {
  readonly name: string;
  readonly pid: number;
  /** Resolves when the process is gone. Never rejects. */
  readonly exited: Promise<ChildExit>;
  readonly isRunning: () => boolean;
  /** Resolves when the child has announced that it is ready; AppError when it exits or takes too long. */
  readonly ready: (timeoutMs: number) => Promise<ReadyAddresses>;
  /** SIGTERM, then SIGKILL after the limit; resolves when the process is gone. May be called again. */
  readonly stop: () => Promise<ChildExit>;
  /** SIGKILL, as a crash; resolves when the process is gone. */
  readonly kill: () => Promise<ChildExit>;
  /** The last lines it printed. */
  readonly lastLines: () => readonly string[];
}

const defaultStopTimeoutMs = 15_000;

/**
 * Starts another process of Cairn. It leads a process group of its own, so that Ctrl-C reaches only the supervisor,
 * which then stops its children in order; it holds an IPC channel, by whose end it learns that the supervisor is gone.
 */
export function spawnChild(options: ChildOptions): Child {
  const log: ChildLog =
    options.logFile === undefined
      ? createPipeLog(options.onOutput ?? (() => {}))
      : createFileLog(options.logFile);
  const child = spawn(
    process.execPath,
    [...(options.nodeArgs ?? []), options.file, ...(options.args ?? [])],
    {
      detached: true,
      stdio: ['ignore', log.stdio, log.stdio, 'ipc'],
      env: { ...process.env, ...options.env }, // handed on as it is; libs/config of the child reads it
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    },
  );
  log.attach([child.stdout, child.stderr]);
  log.close();

  let running = true;
  let addresses: ReadyAddresses | undefined;
  const spawnFailure = { reason: '' };
  const exited = new Promise<ChildExit>((resolve) => {
    const end = (exit: ChildExit): void => {
      running = false;
      resolve(exit);
    };
    // 'close' rather than 'exit': the last lines have been read by then
    child.once('close', (code, signal) => end({ code, signal }));
    child.once('error', (error) => {
      spawnFailure.reason = error.message;
      if (child.pid === undefined) end({ code: 127, signal: null });
    });
  });
  child.on('message', (message) => {
    if (isReadyMessage(message)) addresses = message.addresses;
  });

  const describe = (): Record<string, unknown> => ({ name: options.name, lastLines: log.lastLines() });
  const withLog = (message: string): string => {
    const lines = log.lastLines();
    return lines.length === 0
      ? message
      : `${message} Its last lines:\n${lines.map((line) => `    ${line}`).join('\n')}`;
  };

  const ready = (timeoutMs: number): Promise<ReadyAddresses> =>
    new Promise((resolve, reject) => {
      if (addresses !== undefined) return resolve(addresses);
      const settle = (): void => {
        clearTimeout(limit);
        child.off('message', onMessage);
      };
      const onMessage = (message: unknown): void => {
        if (!isReadyMessage(message)) return;
        settle();
        resolve(message.addresses);
      };
      const limit = setTimeout(() => {
        settle();
        reject(
          new AppError({
            code: 'process/not-ready',
            message: withLog(`${options.name} was not ready after ${timeoutMs} ms.`),
            next: 'Read its lines; on a slow or busy machine run the command again.',
            data: describe(),
          }),
        );
      }, timeoutMs);
      child.on('message', onMessage);
      exited.then((exit) => {
        settle();
        const how = spawnFailure.reason || `exit code ${exit.code ?? exit.signal}`;
        reject(
          new AppError({
            code: 'process/ended-early',
            message: withLog(`${options.name} ended before it was ready (${how}).`),
            next: 'Correct what its last lines name and start again.',
            data: { ...describe(), ...exit },
          }),
        );
      });
    });

  const stop = (): Promise<ChildExit> => {
    if (!running) return exited;
    child.kill('SIGTERM');
    const killer = setTimeout(() => child.kill('SIGKILL'), options.stopTimeoutMs ?? defaultStopTimeoutMs);
    return exited.finally(() => clearTimeout(killer));
  };
  const kill = (): Promise<ChildExit> => {
    if (running) child.kill('SIGKILL');
    return exited;
  };
  return {
    name: options.name,
    pid: child.pid ?? 0,
    exited,
    isRunning: () => running,
    ready,
    stop,
    kill,
    lastLines: log.lastLines,
  };
}
