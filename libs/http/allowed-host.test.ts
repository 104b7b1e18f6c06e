import { once } from 'node:events';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterEach, describe, expect, test } from '@jest/globals';
import { Controller, Get, Module, Post } from '@nestjs/common';
import { createHttpApp, type HttpAppOptions, problemSchema, type RunningHttpApp } from './index.js';

let handled = 0;

@Controller()
class CountingController {
  @Get('status')
  status() {
    handled += 1;
    return { ok: true };
  }

  @Post('submit')
  submit() {
    handled += 1;
    return { ok: true };
  }
}

@Module({ controllers: [CountingController] })
class CountingModule {}

let running: RunningHttpApp | undefined;
afterEach(async () => {
  await running?.close();
  running = undefined;
  handled = 0;
});

const start = async (options: Partial<HttpAppOptions> = {}): Promise<void> => {
  const openapi = { title: 'test', description: 'test', version: '1' };
  running = await createHttpApp(CountingModule, { port: 0, openapi, ...options });
};

/** Sends the lines as they are: no client corrects the Host. */
async function ask(host: string | undefined, line = 'GET /status HTTP/1.1') {
  const socket = connect(running!.port, '127.0.0.1');
  await once(socket, 'connect');
  const hostLine = host === undefined ? '' : `Host: ${host}\r\n`;
  socket.write(`${line}\r\n${hostLine}Connection: close\r\nContent-Length: 0\r\n\r\n`);
  const [head = '', body = ''] = (await text(socket)).split('\r\n\r\n', 2);
  return { status: Number(head.split(' ')[1]), head: head.toLowerCase(), body };
}

describe('a request under a name', () => {
  test.each([
    '127.0.0.1',
    '127.0.0.1:7101',
    '10.1.2.3:1',
    '[::1]:7101',
    '[::1]',
    '[::ffff:127.0.0.1]:1',
    'localhost',
    'LocalHost:7101',
    'localhost.:7101',
  ])('that nobody else can point here is answered: %s', async (host) => {
    await start();
    expect((await ask(host)).status).toBe(200);
    expect(handled).toBe(1);
  });

  test.each([
    'evil.example',
    'evil.example:7101',
    'localhost.evil.example',
    '127.0.0.1.evil.example:80',
    'evil.example:127.0.0.1',
    'evil@localhost',
    'localhost@evil.example',
    '[::1].evil.example',
    '[evil.example]',
    '::1.evil',
    'xlocalhost',
  ])('of somebody else is refused before anything runs: %s', async (host) => {
    await start({ allowedHosts: ['node.example'] });
    const answer = await ask(host);
    expect(answer.status).toBe(421);
    expect(answer.head).toContain('content-type: application/problem+json');
    const problem = problemSchema.parse(JSON.parse(answer.body));
    expect(problem).toMatchObject({
      status: 421,
      title: 'Misdirected request',
      code: 'http/host-not-allowed',
      detail: expect.stringContaining(JSON.stringify(host)),
      next: expect.stringContaining('CAIRN_ALLOWED_HOSTS'),
      data: { host, setting: 'CAIRN_ALLOWED_HOSTS' },
    });
    expect(handled).toBe(0);
  });

  test.each([
    'POST /submit HTTP/1.1',
    'GET /nowhere HTTP/1.1',
    'GET /api/docs HTTP/1.1',
    'GET /api/docs-json HTTP/1.1',
  ])('of somebody else is refused on every path: %s', async (line) => {
    await start();
    expect((await ask('evil.example', line)).status).toBe(421);
    expect((await ask('localhost', line)).status).not.toBe(421);
  });

  test('that the settings allow is answered, with any port and in any case', async () => {
    await start({ host: 'localhost', allowedHosts: ['Node.example', 'proxy_1'] });
    for (const host of ['node.example', 'NODE.EXAMPLE:443', 'node.example.', 'proxy_1:7101'])
      expect((await ask(host)).status).toBe(200);
    expect((await ask('sub.node.example')).status).toBe(421);
  });

  test('of endless length is shown shortened', async () => {
    await start();
    const { body } = await ask(`${'a'.repeat(5_000)}.example`);
    expect(body.length).toBeLessThan(1_000);
  });

  test('that is missing is answered, as a probe in HTTP/1.0 has none', async () => {
    await start();
    expect((await ask(undefined, 'GET /status HTTP/1.0')).status).toBe(200);
  });
});
