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
