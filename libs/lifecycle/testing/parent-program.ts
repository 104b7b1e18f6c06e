// A supervisor for the tests of this library: `parent-program.js LOG_FILE`; starts a child and announces its pid.
import { fileURLToPath } from 'node:url';
import { announceReady } from '../ready.js';
import { runProcess } from '../run-process.js';
import { spawnChild } from '../spawn-child.js';

runProcess({
  name: 'parent-program',
  start: async () => {
    const child = spawnChild({
      name: 'child',
      file: fileURLToPath(new URL('./child-program.js', import.meta.url)),
      args: ['serve'],
      logFile: process.argv[2] ?? '',
    });
    await child.ready(10_000);
    announceReady({ childPid: String(child.pid) });
    return async () => {
      await child.stop();
    };
  },
});
