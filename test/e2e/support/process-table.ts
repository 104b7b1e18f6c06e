import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

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

/** Paths of the regular files a process has open now. Linux only. */
export function openFilesOf(pid: number): string[] {
  return readdirSync(`/proc/${pid}/fd`).flatMap((descriptor) => {
    try {
      const path = readlinkSync(`/proc/${pid}/fd/${descriptor}`);
      return path.startsWith('/') && !path.startsWith('/dev/') ? [path] : [];
    } catch {
      return []; // closed since the folder was read
    }
  });
}

/** A variable of a process's environment. Linux only. */
export function environmentOf(pid: number, name: string): string | undefined {
  const entries = readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0');
  return entries.find((entry) => entry.startsWith(`${name}=`))?.slice(name.length + 1);
}
