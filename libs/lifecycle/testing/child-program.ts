// A process for the tests of this library: `child-program.js MODE [FOLDER]`.
import { createServer } from 'node:net';
import { AppError, InvariantError } from '#errors';
import { lockDataFolder } from '../data-folder-lock.js';
import { listenOrExplain } from '../listen.js';
import { announceReady } from '../ready.js';
import { type ProcessControl, runProcess, type Stop } from '../run-process.js';

const [mode = '', folder = ''] = process.argv.slice(2);

async function serve(): Promise<Stop> {
  const server = createServer();
  const port = await listenOrExplain(server, { port: 0, host: '127.0.0.1', setting: '--port' });
  announceReady({ tcp: `127.0.0.1:${port}` });
  return () =>
    new Promise((resolve) => {
      console.log('stopped cleanly');
      server.close(() => resolve());
    });
}

const never = (): Promise<never> => new Promise(() => {});

const modes: Readonly<Record<string, (control: ProcessControl) => Promise<Stop>>> = {
  serve,
  finish: async ({ finish }) => {
    setImmediate(() => finish(3));
    return serve();
  },
  'slow-stop': async () => {
    await serve();
    return never;
  },
  'slow-start': ({ signal }) =>
    new Promise((_resolve, reject) => {
      console.log('starting');
      const server = createServer().listen(0, '127.0.0.1');
      signal.addEventListener('abort', () => {
        server.close();
        reject(signal.reason);
      });
    }),
  'refuse-start': () =>
    Promise.reject(new AppError({ code: 'test/refused', message: 'No disk here.', next: 'Plug one in.' })),
  'break-later': async () => {
    const stop = await serve();
    setImmediate(() => {
      throw new InvariantError('two and two are five');
    });
    return stop;
  },
  'world-fails-later': async () => {
    const stop = await serve();
    setImmediate(() => {
      throw new AppError({ code: 'test/world', message: 'The cable is out.', next: 'Put it back.' });
    });
    return stop;
  },
  lock: async () => {
    const lock = await lockDataFolder(folder, 'child-program');
    const stop = await serve();
    return async () => {
      await lock.release();
      await stop();
    };
  },
};

const start = modes[mode];
if (start === undefined) throw new InvariantError(`unknown mode ${mode}`);
runProcess({ name: 'child-program', start, stopTimeoutMs: 1000 });
