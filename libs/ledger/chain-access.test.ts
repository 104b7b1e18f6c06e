import { describeChainAccess } from './testing/chain-access-conformance.js';

describeChainAccess("the law's own thread", async (ledger) => ({
  access: ledger.access,
  close: async () => undefined,
}));
