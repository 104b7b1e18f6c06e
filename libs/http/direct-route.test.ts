import { request as httpRequest } from 'node:http';
import { afterAll, expect, test } from '@jest/globals';
import { Controller, Get, Module } from '@nestjs/common';
import { AppError } from '#errors';
import { createHttpApp, type DirectRoute, type RunningHttpApp } from './index.js';

@Controller('bytes')
class BytesController {
  @Get(':id')
  get(): string {
    return 'framework';
  }
}

@Module({ controllers: [BytesController] })
class BytesModule {}

const route: DirectRoute = ({ url }) => {
  if (url === '/bytes/direct') return async (response) => void response.end('direct');
  if (url !== '/bytes/broken') return undefined;
  const busy = { code: 'bytes/busy', message: 'not now', next: 'try again', data: { held: 1n } };
  return () => Promise.reject(new AppError(busy));
};

let app: RunningHttpApp | undefined;
afterAll(() => app?.close());

async function ask(path: string, host?: string): Promise<{ status: number; type: string; text: string }> {
  app ??= await createHttpApp(BytesModule, { port: 0, directRoutes: [route], keepAliveMs: 60_000 });
  const url = new URL(path, app.url);
  return new Promise((resolve, reject) => {
    const headers = host === undefined ? {} : { host };
    httpRequest(url, { headers }, async (response) => {
      const parts: Buffer[] = [];
      for await (const part of response) parts.push(part as Buffer);
      const type = String(response.headers['content-type'] ?? response.headers['x-content-type-options']);
      resolve({ status: response.statusCode ?? 0, type, text: Buffer.concat(parts).toString() });
    })
      .on('error', reject)
      .end();
  });
}

test('a direct route answers its paths, and the framework all others', async () => {
  expect(await ask('/bytes/direct')).toEqual({ status: 200, type: 'nosniff', text: 'direct' });
  expect(await ask('/bytes/other')).toMatchObject({ status: 200, text: 'framework' });
});

test('what a direct route rejects with is answered as problem+json, with the status of its code', async () => {
  const answer = await ask('/bytes/broken');
  expect(answer).toMatchObject({ status: 503, type: expect.stringContaining('application/problem+json') });
  expect(JSON.parse(answer.text)).toMatchObject({
    code: 'bytes/busy',
    detail: 'not now',
    instance: '/bytes/broken',
    data: { held: '1' },
  });
});

test('a name that the app is not known by is refused on direct routes, too', async () => {
  const answer = await ask('/bytes/direct', 'rebound.example');
  expect(answer.status).toBe(421);
  expect(JSON.parse(answer.text)).toMatchObject({ code: 'http/host-not-allowed' });
});
