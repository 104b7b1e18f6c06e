import { fileURLToPath } from 'node:url';
import { type Child, type ReadyAddresses, spawnChild } from '#lifecycle';

/** A process of the project, and where it is reached once it is ready. */
export interface StartedProcess {
  readonly child: Child;
  readonly addresses: ReadyAddresses;
  readonly output: readonly string[];
}

/** Starts apps as processes and ends all of them. */
export class ProcessGroup {
  private readonly children: Child[] = [];

  /** Starts `dist/apps/<app>/main.js` with flags and waits until it is ready. */
  async start(
    app: string,
    args: readonly string[],
    env: Readonly<Record<string, string>> = {},
  ): Promise<StartedProcess> {
    const { child, output } = this.spawn(app, args, env);
    return { child, output, addresses: await child.ready(30_000) };
  }

  /** Starts an app that is expected to end by itself: its exit code and everything it said. */
  async runToEnd(
    app: string,
    args: readonly string[],
    env: Readonly<Record<string, string>> = {},
  ): Promise<{ readonly code: number | null; readonly said: string }> {
    const { child, output } = this.spawn(app, args, env);
    const { code } = await child.exited;
    return { code, said: output.join('\n') };
  }

  async killAll(): Promise<void> {
    await Promise.all(this.children.map((child) => child.kill()));
  }

  private spawn(
    app: string,
    args: readonly string[],
    env: Readonly<Record<string, string>>,
  ): { child: Child; output: string[] } {
    const output: string[] = [];
    const child = spawnChild({
      name: app,
      file: fileURLToPath(new URL(`../../../apps/${app}/main.js`, import.meta.url)),
      args,
      env: { CAIRN_P2P_PORT: '0', ...env },
      onOutput: (line) => void output.push(line),
    });
    this.children.push(child);
    return { child, output };
  }
}

/** Polls until the condition holds; fails after the deadline, saying what was waited for. */
export async function until(
  what: string,
  condition: () => boolean | Promise<boolean>,
  deadlineMs = 30_000,
): Promise<void> {
  const end = performance.now() + deadlineMs;
  while (!(await condition())) {
    if (performance.now() > end) throw new Error(`waited ${deadlineMs} ms in vain until ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}
