import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Transform } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';

/** What a wire does to one request; undefined: it passes. */
export type WireFault =
  /** Bytes go to the provider no faster than this. */
  | { readonly kind: 'slow'; readonly bytesPerSecond: number }
  /** After so many bytes nothing moves any more, in either direction. */
  | { readonly kind: 'silent'; readonly afterBytes: number }
  /** The connection is cut after so many bytes. */
  | { readonly kind: 'cut'; readonly afterBytes: number }
  /** A problem is answered before the body was read. */
  | { readonly kind: 'refuse'; readonly status: number; readonly code: string };

/** Stands between a client and a provider. */
export interface ProviderWire {
  readonly url: string;
  /** Requests that met a fault. */
  readonly faults: () => number;
  close(): Promise<void>;
}

/** Starts a wire; `fault` is asked at each request. */
export async function startProviderWire(
  target: string,
  fault: (request: { readonly method: string; readonly path: string }) => WireFault | undefined,
): Promise<ProviderWire> {
  let faults = 0;
  const server = createServer((incoming, outgoing) => {
    incoming.on('error', () => undefined);
    outgoing.on('error', () => undefined);
    const found = fault({ method: incoming.method ?? '', path: incoming.url ?? '' });
    if (found !== undefined) faults += 1;
    if (found?.kind === 'refuse') refuse(outgoing, found);
    else forward(target, incoming, outgoing, found);
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    faults: () => faults,
    close: () =>
      new Promise((done) => {
        server.close(() => done());
        server.closeAllConnections();
      }),
  };
}

function refuse(outgoing: ServerResponse, { status, code }: Extract<WireFault, { kind: 'refuse' }>): void {
  outgoing.writeHead(status, { 'content-type': 'application/problem+json', connection: 'close' });
  outgoing.end(JSON.stringify({ code, detail: 'the wire says so', title: code }));
}

function forward(
  target: string,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  fault: WireFault | undefined,
): void {
  const { method, headers, url } = incoming;
  const onwards = request(`${target}${url}`, { method, headers, agent: false }, (answer) => {
    outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
    answer.pipe(outgoing);
  });
  onwards.on('error', () => outgoing.destroy());
  outgoing.on('close', () => onwards.destroy());
  if (fault === undefined || fault.kind === 'refuse') incoming.pipe(onwards);
  else incoming.pipe(throttle(fault, () => incoming.destroy())).pipe(onwards);
}

function throttle(fault: Exclude<WireFault, { kind: 'refuse' }>, cut: () => void): Transform {
  let moved = 0;
  return new Transform({
    transform(part: Buffer, _encoding, done) {
      moved += part.length;
      if (fault.kind === 'slow') {
        void delay((part.length / fault.bytesPerSecond) * 1_000).then(() => done(null, part));
      } else if (moved <= fault.afterBytes) done(null, part);
      else if (fault.kind === 'cut') cut();
      // Silent: the next part is never asked for.
    },
  }).on('error', () => undefined);
}
