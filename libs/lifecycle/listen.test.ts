import { createServer, type Server } from 'node:net';
import { afterEach, describe, expect, test } from '@jest/globals';
import type { AppError } from '#errors';
import { listenOrExplain } from './listen.js';

const servers: Server[] = [];
const server = (): Server => {
  const created = createServer();
  servers.push(created);
  return created;
};
afterEach(async () => {
  for (const open of servers.splice(0)) {
    if (open.listening) await new Promise((resolve) => open.close(resolve));
  }
});

describe('listenOrExplain', () => {
  test('resolves to the port that was given', async () => {
    const port = await listenOrExplain(server(), { port: 0, host: '127.0.0.1', setting: '--port' });
    expect(port).toBeGreaterThan(0);
  });

  test('names a taken port, and the same server may try another', async () => {
    const port = await listenOrExplain(server(), { port: 0, host: '127.0.0.1', setting: '--port' });
    const second = server();
    const error: AppError = await listenOrExplain(second, {
      port,
      host: '127.0.0.1',
      setting: '--api-port',
    }).then(
      () => Promise.reject(new Error('it listened')),
      (reason: AppError) => reason,
    );
    expect(error.code).toBe('listen/port-taken');
    expect(error.message).toContain(`Port ${port}`);
    expect(error.next).toContain('--api-port');
    await listenOrExplain(second, { port: 0, host: '127.0.0.1', setting: '--api-port' });
  });

  test('names an address that is not of this machine', async () => {
    await expect(
      listenOrExplain(server(), { port: 0, host: '192.0.2.1', setting: '--port' }),
    ).rejects.toMatchObject({ code: 'listen/no-such-address' });
  });
});
