import { setTimeout as delay } from 'node:timers/promises';
import { afterAll } from '@jest/globals';
import { waitUntil } from '../lifecycle/testing/index.js';
import { describeSyncTransport } from '../sync/testing/index.js';
import { addressOf, LoopbackNodes, libraryTimersEnded } from './testing/loopback-nodes.js';

afterAll(libraryTimersEnded);

describeSyncTransport({
  name: 'libp2p on loopback',
  create: async (handlers) => {
    const nodes = new LoopbackNodes();
    const [first, second, third] = handlers as [
      (typeof handlers)[0],
      (typeof handlers)[0],
      (typeof handlers)[0],
    ];
    const c = await nodes.start(third, { discovery: 'bootstrap' });
    const b = await nodes.start(second, { discovery: 'bootstrap', bootstrap: [addressOf(c)] });
    const a = await nodes.start(first, { discovery: 'bootstrap', bootstrap: [addressOf(b)] });
    return {
      nodes: [a, b, c].map((transport) => ({ ref: transport.status().peerId, transport })) as never,
      until: (what, condition) => waitUntil(what, condition, 10_000),
      settle: () => delay(400),
      close: () => nodes.close(),
    };
  },
});
