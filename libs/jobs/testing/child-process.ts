import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { until } from './until.js';

/** Where a child finds the queue. */
export type JobStore = { readonly file: string } | { readonly redisUrl: string; readonly prefix: string };

/** What a child does: enqueue for ever, run jobs that never end, that end at once, or that break an invariant. */
export interface CrashOrder {
  readonly role: 'enqueue' | 'hang' | 'drain' | 'blunder';
  readonly store: JobStore;
  readonly jobName: string;
  readonly leaseMs: number;
  readonly concurrency: number;
}

/** A running child and the lines it has said. */
export interface Child {
  readonly lines: readonly string[];
  says(start: string): Promise<void>;
  signal(name: 'SIGSTOP' | 'SIGCONT'): void;
  kill(): Promise<void>;
  /** Waits for its end by itself: exit code and what it wrote on standard error. */
  end(): Promise<{ readonly exitCode: number | null; readonly complaints: string }>;
}

/** Starts a process of the test's own that uses the queue, to be killed with SIGKILL. */
export function startChild(order: CrashOrder): Child {
  const script = fileURLToPath(new URL('crash-child.js', import.meta.url));
  const child = spawn(process.execPath, [script, JSON.stringify(order)], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const exited = once(child, 'exit');
  const lines: string[] = [];
  let partial = '';
  let complaints = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    const parts = (partial + text).split('\n');
    partial = parts.pop() ?? '';
    lines.push(...parts);
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaints += text;
  });
  return {
    lines,
    says: (start) =>
      until(`the child says "${start}"`, () => {
        if (child.exitCode !== null) throw new Error(`the child ended with ${child.exitCode}: ${complaints}`);
        return lines.some((line) => line.startsWith(start));
      }),
    signal: (name) => void child.kill(name),
    kill: async () => {
      child.kill('SIGKILL');
      await exited;
    },
    end: async () => {
      await exited;
      return { exitCode: child.exitCode, complaints };
    },
  };
}
