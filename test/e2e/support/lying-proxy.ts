import { createServer, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Stands in front of a provider and changes a byte of every fragment it gives out. */
export interface LyingProxy {
  readonly url: string;
  /** Fragments given out with a wrong byte. */
  readonly lies: () => number;
  readonly close: () => Promise<void>;
}

/** Starts a proxy; the provider it stands for is told later, since it announces the proxy's address. */
export async function startLyingProxy(target: () => string): Promise<LyingProxy> {
  let lies = 0;
  const server: Server = createServer((incoming, outgoing) => {
    const { method, headers, url } = incoming;
    const forwarded = request(`${target()}${url}`, { method, headers }, (answer) => {
      const parts: Buffer[] = [];
      answer.on('data', (part: Buffer) => parts.push(part));
      answer.on('end', () => {
        const body = Buffer.concat(parts);
        if (method === 'GET' && answer.statusCode === 200 && url?.startsWith('/v1/fragments/')) {
          body[body.length >> 1] = (body[body.length >> 1] ?? 0) ^ 1;
          lies += 1;
        }
        outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
        outgoing.end(body);
      });
    });
    forwarded.on('error', () => outgoing.destroy());
    incoming.pipe(forwarded);
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    lies: () => lies,
    close: () =>
      new Promise((done) => {
        server.close(() => done());
        server.closeAllConnections();
      }),
  };
}
