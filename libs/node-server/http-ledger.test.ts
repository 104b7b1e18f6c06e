import { expect, test } from '@jest/globals';
import { createHttpApp } from '#http';
import { LedgerModule } from '#ledger';
import { createNodeClient } from '#node-api';
import { describeLedgerPort, TestLedger } from '../ledger/testing/index.js';
import { NODE_BODY_LIMIT_BYTES, NODE_STATUS_TABLE, NodeApiModule } from './index.js';

describeLedgerPort('over HTTP', async (ledger) => {
  // The suite closes the ledger itself; the module would close it a second time, which is harmless.
  const node = await createHttpApp(NodeApiModule.of([LedgerModule.remote(ledger)]), {
    port: 0,
    bodyLimitBytes: NODE_BODY_LIMIT_BYTES,
    statusTable: NODE_STATUS_TABLE,
  });
  const port = createNodeClient({ baseUrl: node.url });
  return {
    port,
    close: async () => {
      await port.close();
      await node.close();
    },
  };
});

test('a proof that cannot be made now is refused with the reason and what to do, not as a fault of the node', async () => {
  const chain = await TestLedger.open();
  const node = await createHttpApp(NodeApiModule.of([LedgerModule.remote(chain.ledger)]), {
    port: 0,
    statusTable: NODE_STATUS_TABLE,
  });
  const port = createNodeClient({ baseUrl: node.url });
  try {
    await expect(port.stateProof({ kind: 'account', id: chain.faucet.account })).rejects.toMatchObject({
      code: 'ledger/proof-unavailable',
      message: expect.stringContaining('can prove up to 0 now'),
      next: 'try again after the next block',
    });
  } finally {
    await port.close();
    await node.close();
    await chain.close();
  }
});
