import {
  type ClientRequest,
  createServer,
  type IncomingMessage,
  request,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import { Transform, type TransformCallback } from 'node:stream';

/**
 * What is wrong between a provider and the world. `cut`: connections end at once; `hang`: taken and never answered;
 * `slow`: a trickle; `lie`: a byte of every fragment and proof given out is wrong; `deny`: it takes fragments and
 * knows nothing of them afterwards.
 */
export type WireFault = 'none' | 'cut' | 'hang' | 'slow' | 'lie' | 'deny';

/** Stands between a provider and everybody else, at the address that the provider announces. */
export interface FaultProxy {
  readonly url: string;
  set(fault: WireFault): void;
  close(): Promise<void>;
}

const SLOW_BYTES_PER_SECOND = 96 * 1024;

/** Starts a proxy; its provider's address is asked for with each request, since it announces the proxy's. */
export async function startFaultProxy(target: () => string): Promise<FaultProxy> {
  let fault: WireFault = 'none';
  const server = createServer((incoming, outgoing) => {
    incoming.on('error', () => undefined);
    outgoing.on('error', () => undefined);
    if (fault === 'cut') return void incoming.socket.destroy();
    if (fault === 'hang') return;
    if (fault === 'deny' && isAboutStoredData(incoming)) return void denyAll(incoming, outgoing);
    forward(target(), incoming, outgoing, fault);
  });
  server.on('clientError', (_error, socket) => void socket.destroy());
  server.listen(0, '127.0.0.1');
  await new Promise((done) => server.once('listening', done));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    set: (next) => {
      fault = next;
      // Whoever waits at a hung wire is let go; a cut ends what is under way.
      server.closeAllConnections();
    },
    close: () =>
      new Promise((done) => {
        server.close(() => done());
        server.closeAllConnections();
      }),
  };
}

/** Reads of fragments, and audits. */
function isAboutStoredData({ method, url = '' }: IncomingMessage): boolean {
  return (method === 'GET' && url.startsWith('/v1/fragments/')) || url.endsWith('/audits');
}

function denyAll(incoming: IncomingMessage, outgoing: ServerResponse): void {
  incoming.resume();
  outgoing.writeHead(404, { 'content-type': 'application/problem+json' });
  outgoing.end(JSON.stringify({ code: 'fragment/not-in-contract', title: 'never heard of it', status: 404 }));
}

function forward(
  target: string,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  fault: WireFault,
): void {
  const { method, headers, url } = incoming;
  const onward: ClientRequest = request(`${target}${url}`, { method, headers }, (answer) => {
    outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
    if (fault === 'lie' && isAboutStoredData(incoming)) answer.pipe(lying()).pipe(outgoing);
    else if (fault === 'slow') answer.pipe(trickle()).pipe(outgoing);
    else answer.pipe(outgoing);
    answer.on('error', () => outgoing.destroy());
  });
  onward.on('error', () => outgoing.destroy());
  outgoing.once('close', () => onward.destroy());
  if (fault === 'slow') incoming.pipe(trickle()).pipe(onward);
  else incoming.pipe(onward);
}

/** Turns over the last byte of every part. */
function lying(): Transform {
  return new Transform({
    transform(part: Buffer, _encoding, done: TransformCallback) {
      const wrong = Buffer.from(part);
      wrong[wrong.length - 1] = (wrong[wrong.length - 1] ?? 0) ^ 1;
      done(null, wrong);
    },
  });
}

function trickle(): Transform {
  let timer: NodeJS.Timeout | undefined;
  return new Transform({
    transform(part: Buffer, _encoding, done: TransformCallback) {
      timer = setTimeout(() => done(null, part), (part.length / SLOW_BYTES_PER_SECOND) * 1000);
    },
    destroy(error, done) {
      clearTimeout(timer);
      done(error);
    },
  });
}
