import { createHttpApp } from '#http';
import { LedgerModule } from '#ledger';
import { createNodeClient } from '#node-api';
import { describeLedgerPort } from '../ledger/testing/index.js';
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
