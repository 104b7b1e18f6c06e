import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { readEvents } from './event-stream.js';
import { createHttpConnection } from './http-connection.js';
import { createNodeClient, NODE_ROUTES, type NodeClient } from './index.js';
import { requestToHttp } from './route.js';

const servers: Server[] = [];
const clients: NodeClient[] = [];
afterEach(async () => {
  for (const client of clients.splice(0)) await client.close();
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  }
});

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

/** A server of the test's own; returns its URL. */
async function serve(answer: Answer): Promise<string> {
  const server = createServer(answer).listen(0, '127.0.0.1');
  servers.push(server);
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function connect(baseUrl: string, timeoutMs?: number): NodeClient {
  const client = createNodeClient({ baseUrl, ...(timeoutMs === undefined ? {} : { timeoutMs }) });
  clients.push(client);
  return client;
}

const answerWith =
  (status: number, body: string): Answer =>
  (_, response) => {
    response.writeHead(status, { 'content-type': 'application/json' });
    response.end(body);
  };
const problem = (code: string) =>
  JSON.stringify({ code, detail: 'why', next: 'do this', data: { violation: { rule: 'tx/signature' } } });

describe('the client of a node', () => {
  test('names the address and the next step when nothing answers', async () => {
    const url = await serve(answerWith(200, ''));
    await new Promise((resolve) => servers.pop()?.close(resolve));
    await expect(connect(url).status()).rejects.toMatchObject({
      code: 'node/unreachable',
      message: expect.stringContaining(url),
      next: expect.stringContaining('CAIRN_NODE_URL'),
    });
  });

  test('waits for a node that had answered and went away, not for one that never did; what may have arrived is not sent twice', async () => {
    const port = Number(new URL(await serve(answerWith(404, problem('ledger/not-found')))).port);
    let waits = 0;
    const onWaiting = (): void => {
      waits += 1;
    };
    const rideOut = { patienceMs: 20_000, onWaiting };
    const client = createNodeClient({ baseUrl: `http://127.0.0.1:${port}`, rideOut });
    clients.push(client);
    const down = async (): Promise<void> => {
      const server = servers.pop() as Server;
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    };
    const up = async (answer: Answer): Promise<void> => {
      const server = createServer(answer).listen(port, '127.0.0.1');
      servers.push(server);
      await once(server, 'listening');
    };
    await down();
    await expect(client.block({ ref: '1' })).rejects.toMatchObject({ code: 'node/unreachable' });
    expect(waits).toBe(0);
    await up(answerWith(404, problem('ledger/not-found')));
    expect(await client.block({ ref: '1' })).toBeNull();
    await down();
    const waiting = client.block({ ref: '1' });
    while (waits === 0) await new Promise((next) => setImmediate(next));
    await up(answerWith(404, problem('ledger/not-found')));
    expect(await waiting).toBeNull();
    expect(waits).toBe(1);

    let submissions = 0;
    await down();
    await up((request, response) => {
      submissions += 1;
      request.resume().once('end', () => response.destroy());
    });
    await expect(client.submitTransaction({ hex: '00' })).rejects.toMatchObject({
      code: 'node/unreachable',
    });
    expect(submissions).toBe(1);
  });

  test('gives up on a node that stays silent', async () => {
    const url = await serve(() => undefined);
    await expect(connect(url, 50).status()).rejects.toMatchObject({
      code: 'node/timeout',
      data: { timeoutMs: 50, path: '/node/v1/status' },
    });
  });

  test.each([
    ['its answer', 'HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\n'],
    ['its first lines', 'HTTP/1.1 200 OK\r\nx: '],
  ])('gives up on a node that sends %s a byte at a time', async (_, start) => {
    const url = await serve((_, response) => {
      response.socket?.write(start);
      const timer = setInterval(() => response.socket?.write('a'), 20);
      response.once('close', () => clearInterval(timer));
    });
    await expect(connect(url, 100).status()).rejects.toMatchObject({
      code: 'node/timeout',
      data: { timeoutMs: 1_000 },
    });
  });

  test.each([
    ['a page of another program', 200, '<html></html>'],
    ['another shape', 200, '{"network":1}'],
    ['an error without an explanation', 404, 'Cannot GET'],
    ['an empty answer', 200, ''],
  ])('says that %s is no node', async (_, status, body) => {
    const client = connect(await serve(answerWith(status, body)));
    await expect(client.block({ ref: '1' })).rejects.toMatchObject({ code: 'node/bad-answer' });
  });

  test('rebuilds the error that the node threw', async () => {
    const client = connect(await serve(answerWith(422, problem('ledger/refused'))));
    await expect(client.submitTransaction({ hex: '00' })).rejects.toMatchObject({
      name: 'AppError',
      code: 'ledger/refused',
      message: 'why',
      next: 'do this',
      data: { violation: { rule: 'tx/signature' } },
    });
  });

  test('lets nothing through that would write on a terminal what no program said', async () => {
    const detail = `no\r\u001b[2K\u001b[1Aspendable  1000000 coins\n\u009b2J${'x'.repeat(5_000)}`;
    const hostile = JSON.stringify({ code: 'ledger/refused', detail, next: 'a\u001bb' });
    const error = await connect(await serve(answerWith(422, hostile)))
      .status()
      .catch((thrown: Error) => thrown);
    expect(error).toMatchObject({ code: 'ledger/refused', next: 'a b' });
    expect((error as Error).message).toMatch(/^no \[2K \[1Aspendable {2}1000000 coins 2Jx+$/);
    expect((error as Error).message.length).toBeLessThanOrEqual(2_000);
    const codes = JSON.stringify({ code: 'a/b\u001b[2K', detail: 'why' });
    await expect(connect(await serve(answerWith(422, codes))).status()).rejects.toMatchObject({
      code: 'node/bad-answer',
    });
  });

  test('answers null for what does not exist, and only where null is an answer', async () => {
    const client = connect(await serve(answerWith(404, problem('ledger/not-found'))));
    expect(await client.block({ ref: '1' })).toBeNull();
    await expect(client.status()).rejects.toMatchObject({ code: 'ledger/not-found' });
  });

  test('asks again when an idle connection was closed under it', async () => {
    let asked = 0;
    const url = await serve((request, response) => {
      asked += 1;
      if (asked === 2) return void request.socket.resetAndDestroy();
      answerWith(200, '{"sequence":"7"}')(request, response);
    });
    const client = connect(url);
    const request = { account: 'a', lane: 0 };
    expect(await client.nextSequence(request)).toEqual({ sequence: '7' });
    expect(await client.nextSequence(request)).toEqual({ sequence: '7' });
    expect(asked).toBe(3);
  });

  test('never sends a POST twice', async () => {
    let asked = 0;
    const url = await serve((request, response) => {
      asked += 1;
      if (asked > 1) return void request.socket.resetAndDestroy();
      answerWith(200, `{"id":"${'00'.repeat(32)}"}`)(request, response);
    });
    const client = connect(url);
    await client.submitTransaction({ hex: '00' });
    await expect(client.submitTransaction({ hex: '00' })).rejects.toMatchObject({ code: 'node/unreachable' });
    expect(asked).toBe(2);
  });

  test('ends what is under way when it is closed or its signal aborts', async () => {
    const url = await serve(() => undefined);
    const client = connect(url);
    const asking = client.status();
    const reading = client.follow({}, new AbortController().signal)[Symbol.asyncIterator]().next();
    await client.close();
    await expect(asking).rejects.toThrow('is closed');
    expect(await reading).toEqual({ done: true, value: undefined });
    const stop = new AbortController();
    const other = createNodeClient({ baseUrl: url, signal: stop.signal });
    clients.push(other);
    const waiting = other.status();
    stop.abort(new Error('enough'));
    await expect(waiting).rejects.toThrow('enough');
  });
});

describe('the event stream', () => {
  const blockId = (height: number): string => height.toString(16).padStart(64, '0');
  const eventText = (height: number): string => {
    const id = `${height}-${blockId(height)}`;
    const time = '2026-01-01T00:00:00.000Z';
    const data = { type: 'block', id, height, blockId: blockId(height), time, transactions: 0 };
    return `id: ${id}\nevent: block\ndata: ${JSON.stringify(data)}\n\n`;
  };
  const quick = { silenceMs: 200, firstPauseMs: 1, longestPauseMs: 5 };
  const readHeights = async (url: string, count: number, lastEventId?: string): Promise<number[]> => {
    const stop = new AbortController();
    const connection = createHttpConnection(url);
    const heights: number[] = [];
    for await (const event of readEvents(connection, lastEventId, stop.signal, quick)) {
      if (event.type === 'block') heights.push(event.height);
      if (heights.length === count) stop.abort();
    }
    connection.close();
    return heights;
  };

  test('goes on after the last event through every kind of interruption', async () => {
    const resumedFrom: (string | undefined)[] = [];
    const url = await serve((request, response) => {
      resumedFrom.push(request.headers['last-event-id'] as string | undefined);
      const turn = resumedFrom.length;
      if (turn === 2) return void request.socket.resetAndDestroy();
      if (turn === 3) return answerWith(503, problem('ledger/closed'))(request, response);
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      // Cut off before anything happened: only the start is known.
      if (turn === 1) return void response.end(`id: 4-${blockId(4)}\nevent: start\ndata: {}\n\n`);
      // Cut off in the middle of a message: half an event is none.
      if (turn === 4) {
        response.write(eventText(5) + eventText(6).slice(0, 100));
        return void setTimeout(() => response.destroy(), 20);
      }
      // Falls silent: after a while it counts as dead.
      if (turn === 5) return void response.write(eventText(6));
      response.write(`: alive\n\n${eventText(7)}${eventText(8)}`);
    });
    expect(await readHeights(url, 4)).toEqual([5, 6, 7, 8]);
    const start = `4-${blockId(4)}`;
    expect(resumedFrom).toEqual([undefined, start, start, start, `5-${blockId(5)}`, `6-${blockId(6)}`]);
  });

  test('ends with the error of a node that refuses it', async () => {
    const url = await serve(answerWith(400, problem('ledger/bad-event-id')));
    await expect(readHeights(url, 1, 'x')).rejects.toMatchObject({ code: 'ledger/bad-event-id' });
  });

  test('ends when what comes is no event', async () => {
    const url = await serve((_, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write('id: 1\nevent: block\ndata: {"type":"block"}\n\n');
    });
    await expect(readHeights(url, 1)).rejects.toMatchObject({ code: 'node/bad-answer' });
  });
});

describe('the route table', () => {
  test('has no two routes with the same request line', () => {
    const lines = Object.values(NODE_ROUTES).map(
      ({ verb, path }) => `${verb} ${path.replaceAll(/:[a-z]+/gi, ':')}`,
    );
    expect(new Set(lines).size).toBe(lines.length);
  });

  test('carries any text in a path and a query as it is', () => {
    fc.assert(
      fc.property(
        fc.string({ minLength: 1, unit: 'grapheme' }),
        fc.string({ unit: 'grapheme' }),
        (name, text) => {
          const { path } = requestToHttp(
            { verb: 'GET', path: '/things/:name/parts' },
            { name, text, none: undefined },
          );
          // By hand, as the server's router does it: a URL object would fold dots away.
          const [inPath, inQuery] = path.split('?');
          expect(inPath!.split('/').map(decodeURIComponent)).toEqual([
            '',
            'node',
            'v1',
            'things',
            name,
            'parts',
          ]);
          expect([...new URLSearchParams(inQuery)]).toEqual([['text', text]]);
        },
      ),
    );
  });
});
