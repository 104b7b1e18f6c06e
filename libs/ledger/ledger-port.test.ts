import { describeLedgerPort } from './testing/ledger-conformance.js';

describeLedgerPort('embedded', async (ledger) => ({ port: ledger, close: async () => undefined }));
