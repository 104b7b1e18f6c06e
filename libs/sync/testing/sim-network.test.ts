import { EventLog } from './event-log.js';
import { SimNetwork } from './sim-network.js';
import { describeSyncTransport } from './transport-conformance.js';
import { VirtualClock } from './virtual-clock.js';

const STEP_MS = 5;
const SOON_MS = 400;
const PATIENCE_MS = 60_000;

describeSyncTransport({
  name: 'the simulated network',
  create: async (handlers) => {
    const clock = new VirtualClock(1, 1_700_000_000_000);
    const conditions = {
      latencyMs: [5, 5],
      loss: 0,
      bytesPerMs: 5_000,
      outbound: 0,
      banMs: 600_000,
    } as const;
    const network = new SimNetwork(clock, conditions, new EventLog());
    const names = ['a', 'b', 'c'];
    const nodes = names.map((ref, at) => {
      const transport = network.join(ref);
      transport.attach(handlers[at] as (typeof handlers)[0]);
      return { ref, transport };
    });
    nodes[0]?.transport.connect('b');
    nodes[1]?.transport.connect('c');
    // Tests wait for answers, so time goes on by itself; between two steps everything settles.
    let isOver = false;
    const time = (async () => {
      while (!isOver) await clock.runUntil(clock.nowMs() + STEP_MS);
    })();
    const oneStep = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
    return {
      nodes: nodes as never,
      until: async (what, condition) => {
        const latestMs = clock.nowMs() + PATIENCE_MS;
        while (!condition()) {
          if (clock.nowMs() > latestMs) throw new Error(`it never came to pass that ${what}`);
          await oneStep();
        }
      },
      settle: async () => {
        const soonMs = clock.nowMs() + SOON_MS;
        while (clock.nowMs() < soonMs) await oneStep();
      },
      close: async () => {
        isOver = true;
        await time;
        for (const ref of names) network.leave(ref);
      },
    };
  },
});
