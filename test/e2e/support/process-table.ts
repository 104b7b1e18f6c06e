import { readdirSync, readFileSync } from 'node:fs';

/** A living process whose environment mentions a text: how tests find what somebody left behind. */
export interface FoundProcess {
  readonly pid: number;
  readonly commandLine: string;
}

/** Living processes (zombies left out) whose environment or command line contains `text`, this one excepted. Linux only. */
export function processesMentioning(text: string): FoundProcess[] {
  const found: FoundProcess[] = [];
  for (const name of readdirSync('/proc')) {
    const pid = Number(name);
    if (!Number.isInteger(pid) || pid === process.pid) continue;
    const read = (file: string): string => {
      try {
        return readFileSync(`/proc/${pid}/${file}`, 'utf8');
      } catch {
        return '';
      }
    };
    if (/^State:\s+Z/m.test(read('status'))) continue;
    const commandLine = read('cmdline').replaceAll('\0', ' ').trim();
    if (commandLine.includes(text) || read('environ').includes(text)) found.push({ pid, commandLine });
  }
  return found;
}
