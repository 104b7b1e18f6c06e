import { readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';

/** Peak resident memory of a process, read until it is gone. Linux only. */
export async function watchPeakMemory(pid: number): Promise<{ mebibytes: number }> {
  let mebibytes = 0;
  for (;;) {
    const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
    const peak = /^VmHWM:\s+(\d+) kB/m.exec(status)?.[1];
    if (peak === undefined) return { mebibytes };
    mebibytes = Number(peak) / 1024;
    await delay(20);
  }
}
