import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from '@jest/globals';
import { createHttpAgent, exchange } from './http.js';

const agent = createHttpAgent();
let server: Server | undefined;
afterEach(async () => {
  agent.destroy();
  server?.closeAllConnections();
  await new Promise((resolve) => server?.close(resolve));
});

async function serve(answer: Parameters<typeof createServer>[1]): Promise<string> {
  server = createServer(answer as never);
  await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}

test('a provider that drips a byte now and then is given up, not waited for until the end of time', async () => {
  const url = await serve((_request, response) => {
    response.writeHead(200, { 'content-length': 20_000 });
    const drip = setInterval(() => response.write('x'), 20);
    response.on('close', () => clearInterval(drip));
  });
  const started = Date.now();
  await expect(
    exchange(agent, { method: 'GET', url, timeoutMs: 500, maxAnswerBytes: 20_000 }),
  ).rejects.toMatchObject({
    code: 'provider/unreachable',
    message: expect.stringContaining('not done within'),
  });
  expect(Date.now() - started).toBeLessThan(15_000);
}, 20_000);

test('an answer longer than belongs is refused before it fills the memory', async () => {
  const url = await serve((_request, response) => {
    response.writeHead(200);
    const flood = setInterval(() => response.write(Buffer.alloc(4_096)), 1);
    response.on('close', () => clearInterval(flood));
  });
  await expect(
    exchange(agent, { method: 'GET', url, timeoutMs: 5_000, maxAnswerBytes: 20_000 }),
  ).rejects.toMatchObject({ message: expect.stringContaining('more than 20000 bytes') });
});

test('a kept connection that was closed meanwhile costs one more attempt, not the provider', async () => {
  let requests = 0;
  const url = await serve((request, response) => {
    requests += 1;
    if (requests % 2 === 0) request.socket.resetAndDestroy();
    else response.end(String(requests));
  });
  const call = { method: 'GET', url, timeoutMs: 5_000, maxAnswerBytes: 100 } as const;
  const answers = [await exchange(agent, call), await exchange(agent, call)];
  expect(answers.map(({ body }) => Buffer.from(body).toString())).toEqual(['1', '3']);
  expect(requests).toBe(3);
});

test('a fresh connection that is cut is not tried again', async () => {
  let requests = 0;
  const url = await serve((request) => {
    requests += 1;
    request.socket.resetAndDestroy();
  });
  const call = { method: 'GET', url, timeoutMs: 5_000, maxAnswerBytes: 100 } as const;
  await expect(exchange(agent, call)).rejects.toMatchObject({ code: 'provider/unreachable' });
  expect(requests).toBe(1);
});
