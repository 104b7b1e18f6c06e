import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { request as httpRequest } from 'node:http';
import { createServer } from 'node:net';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, test } from '@jest/globals';
import { Body, Controller, Get, Module, Param, Post, Query, Sse } from '@nestjs/common';
import { ApiResponse } from '@nestjs/swagger';
import fc from 'fast-check';
import { Observable, Subject } from 'rxjs';
import { z } from 'zod';
import { AppError, refused } from '#errors';
import { createLogger } from '#logging';
import {
  acceptedOrThrow,
  createEventStream,
  createHttpApp,
  createPage,
  decodeCursor,
  encodeCursor,
  type HttpAppOptions,
  LastEventId,
  pageQuerySchema,
  pageSchema,
  problemSchema,
  type RunningHttpApp,
  type StreamEvent,
} from './index.js';

const AMOUNT = 2n ** 62n + 1n;
const blockSchema = z.object({ height: z.number().int(), reward: z.bigint() }).meta({ id: 'Block' });
const offerSchema = z.object({
  sizeBytes: z.number().int().min(1, 'at least 1'),
  terms: z.array(z.object({ epochs: z.int() })),
});
const positionSchema = z.object({ height: z.number() });
const CHAIN = Array.from({ length: 7 }, (_, height) => ({ height, reward: AMOUNT }));

const live = new Subject<StreamEvent>();
let subscribers = 0;

@Controller('v1')
class SampleController {
  @Get('blocks')
  @ApiResponse({ status: 200, standardSchema: pageSchema(blockSchema) })
  listBlocks(@Query({ schema: pageQuerySchema }) query: z.infer<typeof pageQuerySchema>) {
    const after = decodeCursor(query.cursor, positionSchema);
    const rest = CHAIN.filter(({ height }) => height > (after?.height ?? -1)).slice(0, query.limit + 1);
    return createPage(rest, query.limit, ({ height }) => ({ height }));
  }

  @Get('blocks/:height')
  @ApiResponse({ status: 200, standardSchema: blockSchema })
  readBlock(@Param('height', { schema: z.coerce.number().int('a height') }) height: number) {
    if (height > 100)
      throw new AppError({
        code: 'block/not-found',
        message: `no block ${height}`,
        next: 'ask lower',
        data: { height },
      });
    return { height, reward: AMOUNT, hash: Uint8Array.of(0, 255) };
  }

  @Post('offers')
  createOffer(@Body({ schema: offerSchema }) offer: z.infer<typeof offerSchema>) {
    return offer;
  }

  @Post('submit')
  submit() {
    return acceptedOrThrow(refused({ rule: 'tx/nonce-gap', expected: 7n, got: 9n }));
  }

  @Get('crash')
  crash() {
    throw new Error('internal detail /var/secret');
  }

  @Get('own-code')
  ownCode() {
    throw new AppError({ code: 'market/no-offers', message: 'no provider has room', next: 'wait' });
  }

  @Get('unforeseen')
  unforeseen() {
    throw new AppError({ code: 'ledger/strange', message: 'file /var/secret is odd' });
  }

  @Sse('events')
  events(@LastEventId() lastEventId: string | undefined) {
    const counted = new Observable<StreamEvent>((subscriber) => {
      subscribers += 1;
      const subscription = live.subscribe(subscriber);
      return () => {
        subscribers -= 1;
        subscription.unsubscribe();
      };
    });
    const replay = async (id: string): Promise<StreamEvent[]> => {
      // An event that happens while the missed ones are read, and is among them: it must come once.
      live.next(event(4));
      live.next(event(5));
      return [1, 2, 3, 4].filter((each) => each > Number(id)).map(event);
    };
    return createEventStream({ lastEventId, replay, live: counted, heartbeatMs: 60 });
  }
}

@Module({ controllers: [SampleController] })
class SampleModule {}

const event = (id: number): StreamEvent => ({
  id: String(id),
  type: 'block',
  data: { height: id, reward: AMOUNT },
});

let running: RunningHttpApp | undefined;
const logLines: string[] = [];

async function start(options: Partial<HttpAppOptions> = {}): Promise<RunningHttpApp> {
  const logger = createLogger({
    app: 'test',
    level: 'info',
    format: 'json',
    destination: { write: (line) => logLines.push(line) },
  });
  running = await createHttpApp(SampleModule, { port: 0, logger, ...options });
  return running;
}

interface Answer {
  readonly status: number;
  readonly headers: Record<string, string | string[] | undefined>;
  readonly text: string;
}

function send(
  method: string,
  path: string,
  body?: string,
  headers: Record<string, string> = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = httpRequest(`${running!.url}${path}`, { method, headers }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (part: string) => {
        text += part;
      });
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, text }),
      );
      response.on('error', reject);
    });
    request.on('error', reject);
    request.end(body);
  });
}

async function problemAt(method: string, path: string, body?: string, type = 'application/json') {
  const answer = await send(method, path, body, body === undefined ? {} : { 'content-type': type });
  expect(answer.headers['content-type']).toBe('application/problem+json; charset=utf-8');
  const problem = problemSchema.parse(JSON.parse(answer.text));
  expect(problem.status).toBe(answer.status);
  return problem;
}

afterEach(async () => {
  await running?.close();
  running = undefined;
  logLines.length = 0;
});

describe('answers', () => {
  test('carry bigints as strings, bytes as hex, and the security headers', async () => {
    await start();
    const answer = await send('GET', '/v1/blocks/7');
    expect(JSON.parse(answer.text)).toEqual({ height: 7, reward: AMOUNT.toString(), hash: '00ff' });
    expect(answer.headers).toMatchObject({
      'x-content-type-options': 'nosniff',
      'content-security-policy': expect.any(String),
    });
    expect(answer.headers['x-powered-by']).toBeUndefined();
    expect(String(answer.headers['content-security-policy'])).not.toContain('upgrade-insecure-requests');
  });

  test('come in pages that join without gap or overlap', async () => {
    await start();
    const heights: number[] = [];
    let cursor: string | undefined;
    let pages = 0;
    do {
      const query = cursor === undefined ? '' : `&cursor=${cursor}`;
      const page = JSON.parse((await send('GET', `/v1/blocks?limit=3${query}`)).text) as {
        items: { height: number }[];
        nextCursor?: string;
      };
      heights.push(...page.items.map(({ height }) => height));
      cursor = page.nextCursor;
      pages += 1;
    } while (cursor !== undefined);
    expect(heights).toEqual([0, 1, 2, 3, 4, 5, 6]);
    expect(pages).toBe(3);
  });
});

describe('problems (RFC 9457)', () => {
  test('an unknown path', async () => {
    await start();
    expect(await problemAt('GET', '/nowhere?x=1')).toMatchObject({
      status: 404,
      code: 'http/not-found',
      instance: '/nowhere',
    });
  });

  test('an operational error has its code, next step and data; its status is in the table', async () => {
    await start({ statusTable: { 'market/no-offers': 503 } });
    expect(await problemAt('GET', '/v1/blocks/101')).toEqual({
      type: 'urn:cairn:problem:block/not-found',
      title: 'Not found',
      status: 404,
      detail: 'no block 101',
      instance: '/v1/blocks/101',
      code: 'block/not-found',
      next: 'ask lower',
      data: { height: 101 },
    });
    expect(await problemAt('GET', '/v1/own-code')).toMatchObject({
      status: 503,
      detail: 'no provider has room',
    });
  });

  test('a violation is a 422 with the rule and its data', async () => {
    await start();
    expect(await problemAt('POST', '/v1/submit')).toMatchObject({
      status: 422,
      code: 'tx/nonce-gap',
      detail: 'tx/nonce-gap (expected 7, got 9)',
      data: { expected: '7', got: '9' },
    });
  });

  test.each(['/v1/crash', '/v1/unforeseen'])(
    'an unforeseen error tells nothing outside and all in the log (%s)',
    async (path) => {
      await start();
      const problem = await problemAt('GET', path);
      expect(problem.status).toBe(500);
      expect(JSON.stringify(problem)).not.toContain('secret');
      expect(logLines.join('')).toContain('/var/secret');
    },
  );

  test('an InvariantError is answered and then ends the process', async () => {
    const script = fileURLToPath(new URL('testing/invariant-child.js', import.meta.url));
    const child = spawn(process.execPath, [script], { stdio: ['ignore', 'pipe', 'pipe'] });
    try {
      const exited = once(child, 'exit');
      let complaints = '';
      child.stderr.on('data', (part: Buffer) => {
        complaints += part.toString();
      });
      const [url] = (await once(child.stdout, 'data')) as [Buffer];
      const answer = await fetch(url.toString().trim());
      expect(answer.status).toBe(500);
      expect(await answer.text()).not.toContain('nowhere');
      expect(await exited).toEqual([1, null]);
      expect(complaints).toContain('coins out of nowhere');
    } finally {
      child.kill('SIGKILL');
    }
  });

  test('a request that does not fit names field, value and expectation', async () => {
    await start();
    const body = JSON.stringify({ sizeBytes: 0, terms: [{ epochs: 1 }, { epochs: 'many' }] });
    const problem = await problemAt('POST', '/v1/offers', body);
    expect(problem).toMatchObject({ status: 400, code: 'request/invalid' });
    expect(problem.issues).toEqual([
      { in: 'body', field: 'sizeBytes', value: 0, expected: 'at least 1' },
      { in: 'body', field: 'terms.1.epochs', value: 'many', expected: expect.stringContaining('number') },
    ]);
    expect(problem.detail).toContain('body field sizeBytes is 0 (at least 1)');
    const query = await problemAt('GET', '/v1/blocks?limit=501');
    expect(query.issues).toEqual([{ in: 'query', field: 'limit', value: '501', expected: 'from 1 to 500' }]);
    const path = await problemAt('GET', '/v1/blocks/high');
    expect(path.issues).toMatchObject([{ in: 'path', field: 'height', value: 'high' }]);
  });

  test('a body that is no JSON, is too large, or is missing', async () => {
    await start({ bodyLimitBytes: 100 });
    expect(await problemAt('POST', '/v1/offers', '{"sizeBytes":')).toMatchObject({ status: 400 });
    expect(await problemAt('POST', '/v1/offers', JSON.stringify('x'.repeat(200)))).toMatchObject({
      status: 413,
    });
    expect(await problemAt('POST', '/v1/offers')).toMatchObject({ status: 400, code: 'request/invalid' });
  });

  test('a cursor of somebody else', async () => {
    await start();
    for (const cursor of ['nonsense', encodeCursor({ width: 1 }), encodeCursor(null), '%20']) {
      expect(await problemAt('GET', `/v1/blocks?cursor=${cursor}`)).toMatchObject({
        status: 400,
        code: 'page/cursor-invalid',
      });
    }
  });
});

describe('cursors', () => {
  test('decode to what was encoded, in characters that need no escaping', () => {
    fc.assert(
      fc.property(fc.integer(), fc.string(), (height, id) => {
        const position = z.object({ height: z.number(), id: z.string() });
        const cursor = encodeCursor({ height, id });
        expect(cursor).toMatch(/^[A-Za-z0-9_-]+$/);
        expect(decodeCursor(cursor, position)).toEqual({ height, id });
      }),
      { verbose: true },
    );
  });
});

describe('events', () => {
  function listen(headers: Record<string, string>): { read(count: number): Promise<string>; close(): void } {
    let text = '';
    let wake: () => void = () => undefined;
    const request = httpRequest(`${running!.url}/v1/events`, { headers }, (response) => {
      response.setEncoding('utf8').on('data', (part: string) => {
        text += part;
        wake();
      });
      response.on('error', () => undefined);
    });
    request.on('error', () => undefined);
    request.end();
    return {
      read: async (count) => {
        const end = performance.now() + 10_000;
        while (text.split('\n\n').filter((part) => part.includes(':')).length < count) {
          if (performance.now() > end) throw new Error(`only got ${JSON.stringify(text)}`);
          await new Promise<void>((resolve) => {
            const timer = setTimeout(resolve, 50);
            wake = () => {
              clearTimeout(timer);
              resolve();
            };
          });
        }
        return text;
      },
      close: () => request.destroy(),
    };
  }
  const idsIn = (text: string): string[] => [...text.matchAll(/^id: (.*)$/gm)].map((match) => match[1]!);

  test('go on after the last one seen, each once, and end with the client', async () => {
    await start();
    const stream = listen({ 'last-event-id': '2' });
    const text = await stream.read(3);
    expect(idsIn(text)).toEqual(['3', '4', '5']);
    expect(text).toContain(`event: block\nid: 3\ndata: {"height":3,"reward":"${AMOUNT}"}`);
    expect(subscribers).toBe(1);
    live.next(event(6));
    expect(idsIn(await stream.read(4))).toEqual(['3', '4', '5', '6']);
    stream.close();
    const end = performance.now() + 10_000;
    while (subscribers > 0 && performance.now() < end)
      await new Promise((resolve) => setTimeout(resolve, 10));
    expect(subscribers).toBe(0);
  });

  test('start with what happens now, with a sign of life in silence', async () => {
    await start();
    const stream = listen({});
    expect(await stream.read(2)).toMatch(/: alive\n\n: alive/);
    live.next(event(9));
    const end = performance.now() + 10_000;
    let ids: string[] = [];
    for (let count = 3; ids.length === 0 && performance.now() < end; count += 1)
      ids = idsIn(await stream.read(count));
    expect(ids).toEqual(['9']);
    stream.close();
  });

  test('do not keep the app from closing', async () => {
    const app = await start();
    const stream = listen({});
    await stream.read(1);
    const startedAt = performance.now();
    await app.close();
    expect(performance.now() - startedAt).toBeLessThan(3_000);
    stream.close();
  });
});

describe('listening', () => {
  test('a port already taken is named with its setting', async () => {
    const other = createServer();
    const port = await new Promise<number>((resolve) => {
      other.listen(0, '127.0.0.1', () => resolve((other.address() as { port: number }).port));
    });
    await expect(start({ port, portSetting: 'CAIRN_NODE_PORT' })).rejects.toMatchObject({
      code: 'http/port-taken',
      message: `port ${port} on 127.0.0.1 is already taken by another process`,
      next: expect.stringContaining('CAIRN_NODE_PORT'),
    });
    await new Promise((resolve) => other.close(resolve));
  });

  test('an address of another machine is named', async () => {
    await expect(start({ host: '192.0.2.1' })).rejects.toMatchObject({ code: 'http/cannot-listen' });
  });
});

describe('/api/docs', () => {
  const openapi = { title: 'Sample', description: 'A sample', version: '1.0.0' };

  test('describes routes by their schemas, amounts as strings', async () => {
    await start({ openapi });
    const document = JSON.parse((await send('GET', '/api/docs-json')).text) as {
      openapi: string;
      paths: Record<
        string,
        Record<string, { operationId: string; parameters?: { name: string }[]; responses: object }>
      >;
      components: { schemas: Record<string, { properties: Record<string, unknown> }> };
    };
    expect(document.openapi).toBe('3.1.0');
    const list = document.paths['/v1/blocks']!['get']!;
    expect(list.operationId).toBe('listBlocks');
    expect(list.parameters?.map(({ name }) => name).sort()).toEqual(['cursor', 'limit']);
    expect(document.components.schemas['Block']?.properties['reward']).toMatchObject({
      type: 'string',
      pattern: '^\\d+$',
    });
    expect(JSON.stringify(list.responses)).toContain('#/components/schemas/Block');
    expect(JSON.stringify(document.paths['/v1/blocks/{height}']!['get']!.responses)).toContain(
      '#/components/schemas/Block',
    );
  });

  test('needs nothing but this machine', async () => {
    await start({ openapi });
    const page = await send('GET', '/api/docs');
    expect(page.status).toBe(200);
    const links = [...page.text.matchAll(/(?:src|href)="([^"]+)"/g)].map((match) => match[1]!);
    expect(links.length).toBeGreaterThan(3);
    for (const link of links) {
      expect(link).toMatch(/^\.?\//);
      const asset = await send('GET', new URL(link, `${running!.url}/api/docs`).pathname);
      expect({ link, status: asset.status }).toEqual({ link, status: 200 });
      expect(asset.text.length).toBeGreaterThan(100);
    }
    const init = await send('GET', '/api/docs/swagger-ui-init.js');
    expect(init.text).toMatch(/"validatorUrl": null/);
  });
});
