import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/**
 * How a provider behaves when a fragment is read: `lie`: one byte in the middle is wrong; `deny`: it never heard of it;
 * `hang`: it takes the request and says nothing; `die`: half of the bytes, then the connection ends; `slow`: a trickle.
 */
export type ReadFault = 'none' | 'lie' | 'deny' | 'hang' | 'die' | 'slow';

/** Stands between a provider and its readers, and counts. */
export interface ReadWire {
  readonly url: string;
  fault: ReadFault;
  /** Fragments and parts of them that were asked for, since it was set to 0. */
  requests: number;
  /** Their bytes that were handed on. */
  bytes: number;
  close(): Promise<void>;
}

const TRICKLE_BYTES = 512;
const TRICKLE_MS = 100;

/** Starts a wire to a provider. */
export async function startReadWire(target: string): Promise<ReadWire> {
  const server = createServer((incoming, outgoing) => {
    for (const stream of [incoming, outgoing]) stream.on('error', () => undefined);
    const isRead = incoming.method === 'GET' && incoming.url?.startsWith('/v1/fragments/') === true;
    const fault = isRead ? wire.fault : 'none';
    if (isRead) wire.requests += 1;
    if (fault === 'hang') return;
    if (fault === 'deny') return deny(outgoing);
    forward(target, incoming, async (status, headers, body) => {
      if (isRead) wire.bytes += body.length;
      if (fault === 'lie') body[body.length >> 1] = (body[body.length >> 1] ?? 0) ^ 1;
      outgoing.writeHead(status, headers);
      if (fault === 'slow') await trickle(outgoing, body);
      else if (fault === 'die') outgoing.write(body.subarray(0, body.length >> 1), () => outgoing.destroy());
      else outgoing.end(body);
    }).catch(() => outgoing.destroy());
  });
  server.listen(0, '127.0.0.1');
  await new Promise((done) => server.once('listening', done));
  const wire: ReadWire = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    fault: 'none',
    requests: 0,
    bytes: 0,
    close: () =>
      new Promise((done) => {
        server.close(() => done());
        server.closeAllConnections();
      }),
  };
  return wire;
}

function deny(outgoing: ServerResponse): void {
  outgoing.writeHead(404, { 'content-type': 'application/problem+json' });
  outgoing.end(JSON.stringify({ code: 'fragment/not-in-contract', detail: 'never heard of it' }));
}

async function forward(
  target: string,
  incoming: IncomingMessage,
  answered: (status: number, headers: IncomingMessage['headers'], body: Buffer) => Promise<void>,
): Promise<void> {
  const { method, headers, url } = incoming;
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    const onward = request(`${target}${url}`, { method, headers }, resolve);
    onward.on('error', reject);
    incoming.pipe(onward);
  });
  const parts: Buffer[] = [];
  for await (const part of answer as AsyncIterable<Buffer>) parts.push(part);
  await answered(answer.statusCode ?? 502, answer.headers, Buffer.concat(parts));
}

async function trickle(outgoing: ServerResponse, body: Buffer): Promise<void> {
  for (let at = 0; at < body.length && !outgoing.destroyed; at += TRICKLE_BYTES) {
    outgoing.write(body.subarray(at, at + TRICKLE_BYTES));
    await new Promise((resolve) => setTimeout(resolve, TRICKLE_MS));
  }
  outgoing.end();
}
