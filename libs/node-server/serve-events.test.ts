import { createServer, type IncomingMessage, request, type Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { createHttpApp, type RunningHttpApp } from '#http';
import { LedgerModule, type LedgerPort } from '#ledger';
import { createNodeClient, type NodeClient } from '#node-api';
import type { LedgerEventView } from '#wire';
import { until } from '../jobs/testing/index.js';
import { forkAt, grow, newChain, submitFrom, TestLedger } from '../ledger/testing/index.js';
import { createReaderLimit, NODE_STATUS_TABLE, NodeApiModule, serveEvents } from './index.js';
import { addressToOrigin } from './reader-limit.js';

let chain: TestLedger;
let node: RunningHttpApp;
let client: NodeClient;
beforeEach(async () => {
  chain = await TestLedger.open();
  node = await createHttpApp(NodeApiModule.of([LedgerModule.remote(chain.ledger)]), {
    port: 0,
    statusTable: NODE_STATUS_TABLE,
  });
  client = createNodeClient({ baseUrl: node.url });
});
afterEach(async () => {
  await client.close();
  await node.close();
  await chain.close();
});

/** Reads a number of events over a connection of its own, and drops it. */
async function take(lastEventId: string | undefined, count: number): Promise<LedgerEventView[]> {
  const stop = new AbortController();
  const events: LedgerEventView[] = [];
  const request = lastEventId === undefined ? {} : { lastEventId };
  for await (const event of client.follow(request, stop.signal)) {
    events.push(event);
    if (events.length === count) stop.abort();
  }
  return events;
}

const told = (event: LedgerEventView | undefined) =>
  event?.type === 'block' ? event.blockId : event?.type === 'transaction' ? event.transactionId : event?.type;

describe('the event stream over HTTP', () => {
  test('a reader cut off in the middle of a reorganisation goes on where it was, each time', async () => {
    const a = newChain();
    a.mineTo(4);
    const b = forkAt(a, 2);
    grow(b, [], { coinbase: { miner: b.wallet('other miner').account } });
    b.mineTo(6);
    await submitFrom(chain, a, 1);
    const seen = (await client.status()).eventId;
    await submitFrom(chain, b, 3);
    const ids: (string | undefined)[] = [];
    let last: string | undefined = seen;
    // One event a connection: cut off after the reorg itself, and after each block of the new branch.
    for (let count = 0; count < 5; count++) {
      const [event] = await take(last, 1);
      if (event?.type === 'reorg') {
        expect(event.abandoned).toEqual([a.at(3).block.id, a.at(4).block.id]);
        expect(event.adopted).toEqual([3, 4, 5, 6].map((height) => b.at(height).block.id));
      }
      ids.push(told(event));
      last = event?.id;
    }
    expect(ids).toEqual(['reorg', ...[3, 4, 5, 6].map((height) => b.at(height).block.id)]);
  });

  test('transactions that arrived while the reader was away are told after it is back', async () => {
    const [from, to] = [chain.wallet('a'), chain.wallet('b')];
    await chain.fund(1_000_000n, from, to);
    const start = (await client.status()).eventId;
    const sent = [await chain.transfer(from, to, 1n), await chain.transfer(from, to, 1n)];
    const [first] = await take(start, 1);
    const block = await chain.mine();
    sent.push(await chain.transfer(from, to, 1n));
    const rest = await take(first?.id, 3);
    expect([first, ...rest].map(told)).toEqual([sent[0], block, sent[1], sent[2]]);
  });
});

describe('the limits of readers', () => {
  let server: Server;
  const open: IncomingMessage[] = [];

  async function serve(ledger: LedgerPort, options: Parameters<typeof serveEvents>[3]): Promise<number> {
    server = createServer((_request, response) => {
      serveEvents(ledger, undefined, response, options).catch((error: { code?: string }) => {
        response.writeHead(429).end(error.code);
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return (server.address() as AddressInfo).port;
  }
  afterEach(async () => {
    for (const each of open.splice(0)) each.destroy();
    server?.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });

  const get = (port: number): Promise<IncomingMessage> =>
    new Promise((resolve, reject) => {
      request({ host: '127.0.0.1', port, agent: false }, (answer) => {
        answer.on('error', () => undefined);
        open.push(answer);
        resolve(answer);
      })
        .on('error', reject)
        .end();
    });

  test('one address has so many streams, and another one when one of them has ended', async () => {
    const port = await serve(chain.ledger, { limit: createReaderLimit({ maxFromLoopback: 2 }) });
    const first = await get(port);
    expect([first.statusCode, (await get(port)).statusCode]).toEqual([200, 200]);
    const refused = await get(port);
    expect(refused.statusCode).toBe(429);
    first.destroy();
    await until('there is room again', async () => (await get(port)).statusCode === 200);
  });

  test('strangers are bounded by address, and all of them together', () => {
    const limit = createReaderLimit({ maxPerAddress: 2, maxInAll: 3 });
    const leave = limit.enter('192.0.2.1');
    limit.enter('::ffff:192.0.2.1');
    expect(() => limit.enter('192.0.2.1')).toThrow('192.0.2.1 has 2 event streams open; at most 2');
    limit.enter('2001:db8::1');
    expect(() => limit.enter('127.0.0.1')).toThrow('3 event streams are open; at most 3');
    leave();
    leave();
    limit.enter('127.0.0.1');
    expect(() => limit.enter('192.0.2.9')).toThrow('at most 3');
  });

  test('a reader that takes nothing is cut off, and costs no memory meanwhile', async () => {
    let made = 0;
    // A ledger on which something happens all the time.
    const busy: LedgerPort = {
      ...chain.ledger,
      async *follow(_request, signal) {
        for (; !signal.aborted; made++)
          yield {
            type: 'transaction',
            id: `${made}`,
            transactionId: 'ab'.repeat(32),
            kind: 'x'.repeat(1_000),
          };
      },
    };
    const port = await serve(busy, { stalledMs: 200 });
    const socket = connect(port, '127.0.0.1');
    socket.on('error', () => undefined);
    socket.pause();
    socket.write('GET / HTTP/1.1\r\nhost: x\r\n\r\n');
    await until(
      'it was cut off',
      () =>
        new Promise<boolean>((resolve) =>
          server.getConnections((_error, count) => resolve(made > 0 && count === 0)),
        ),
    );
    // What the sockets' buffers hold and little more: nothing was made ahead of the reader.
    expect(made).toBeLessThan(20_000);
    socket.destroy();
  });

  test.each([
    ['127.0.0.1', '127.0.0.1'],
    ['::ffff:192.0.2.7', '192.0.2.7'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:db8:1:2::9', '2001:db8:1:2::/64'],
    ['2001:DB8::9', '2001:db8:0:0::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
    ['::1', '0:0:0:0::/64'],
  ])('%s counts as %s', (address, origin) => expect(addressToOrigin(address)).toBe(origin));
});
