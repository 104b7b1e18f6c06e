const pollMs = 1000;

/**
 * Calls back once when the parent that supervises this process is gone, even by SIGKILL: its end of the IPC channel
 * closes; the parent's process id is polled as well, for a parent that hung up the channel by accident of the platform.
 * Does nothing in a process started by hand, which may outlive its shell. Returns the function that ends the watch.
 */
export function watchParent(whenGone: () => void): () => void {
  if (process.channel === undefined || process.channel === null) return () => {};
  const parent = process.ppid;
  const stopWatching = (): void => {
    clearInterval(poll);
    process.off('disconnect', gone);
  };
  const gone = (): void => {
    stopWatching();
    whenGone();
  };
  const poll = setInterval(() => {
    if (process.ppid !== parent || !process.connected) gone();
  }, pollMs);
  poll.unref();
  process.on('disconnect', gone);
  process.channel.unref(); // watching is no reason to stay alive
  return stopWatching;
}
