import { readFile } from 'node:fs/promises';

/** Whether a process with this id lives that is not this one: what it has open is its own. */
export function isOfAnother(pid: number): boolean {
  if (pid === process.pid) return false;
  // Signal 0 only asks; not being allowed to ask means that there is somebody.
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** The start of a process where the system has no /proc that says it. */
export const UNKNOWN_START = '0';

/** Tells a process from a later one under the same id: when it began, in the kernel's ticks. */
export async function startOf(pid: number): Promise<string> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  // The name, in brackets, may hold anything; the start is the 20th field after it (proc_pid_stat(5)).
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields[19] ?? UNKNOWN_START;
}
