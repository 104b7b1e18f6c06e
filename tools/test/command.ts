import { spawn } from 'node:child_process';

/** Exit code and everything a command printed. */
export interface CommandResult {
  readonly code: number;
  readonly output: string;
}

const running = new Set<ReturnType<typeof spawn>>();

/** Ends every command that is still running: the runner itself was told to stop. */
export function stopCommands(): void {
  for (const child of running) child.kill('SIGTERM');
}

/** Runs a command to its end. With `show`, its output goes to the terminal instead of the result. */
export function runCommand(
  command: string,
  args: readonly string[],
  options: { readonly show?: boolean; readonly env?: NodeJS.ProcessEnv } = {},
): Promise<CommandResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      stdio: options.show ? ['ignore', 'inherit', 'inherit'] : ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...options.env },
    });
    running.add(child);
    const chunks: Buffer[] = [];
    child.stdout?.on('data', (chunk: Buffer) => chunks.push(chunk));
    child.stderr?.on('data', (chunk: Buffer) => chunks.push(chunk));
    child.once('error', reject);
    child.once('close', (code, signal) => {
      running.delete(child);
      const ending = signal === null ? '' : `\nended by ${signal}`;
      resolve({ code: code ?? 128, output: Buffer.concat(chunks).toString('utf8') + ending });
    });
  });
}
