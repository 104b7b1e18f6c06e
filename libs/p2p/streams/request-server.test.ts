import { expect, test } from '@jest/globals';
import type { Connection, Stream } from '@libp2p/interface';
import { P2pCounters } from '../p2p-counters.js';
import { DEFAULT_P2P_LIMITS } from '../p2p-limits.js';
import { RequestServer } from './request-server.js';

test('who leaves in the middle of a request is forgotten when the request is', async () => {
  const server = new RequestServer({
    limits: DEFAULT_P2P_LIMITS,
    counters: new P2pCounters(),
    introduce: () => undefined,
    answer: (_, request) => Promise.resolve(request),
    report: () => undefined,
    onError: () => undefined,
  });
  const stream = Object.assign(new EventTarget(), {
    status: 'open',
    readBufferLength: 0,
    remoteWriteStatus: 'writable',
    abort: () => undefined,
  });
  const served = server.serve(stream as unknown as Stream, { remotePeer: 'peer' } as unknown as Connection);
  expect(server.knownPeers).toBe(1);
  server.forget('peer');
  stream.dispatchEvent(new Event('close'));
  await served;
  expect(server.knownPeers).toBe(0);
});
