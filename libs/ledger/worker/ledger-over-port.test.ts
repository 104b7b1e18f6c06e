import { MessageChannel } from 'node:worker_threads';
import type { EmbeddedLedger } from '../embedded-ledger.js';
import { describeChainAccess } from '../testing/chain-access-conformance.js';
import { describeLedgerPort } from '../testing/ledger-conformance.js';
import { ledgerOverPort, type RemoteLedger } from './ledger-over-port.js';
import { serveLedger } from './serve-ledger.js';

/** Both ends in one thread: every message is still cloned and handed over as between two. */
function connect(ledger: EmbeddedLedger): { remote: RemoteLedger; close(): Promise<void> } {
  const { port1, port2 } = new MessageChannel();
  const stop = serveLedger(ledger, port2);
  return {
    remote: ledgerOverPort(port1),
    close: async () => {
      stop();
      port1.close();
    },
  };
}

describeLedgerPort('over a message port', async (ledger) => {
  const { remote, close } = connect(ledger);
  return { port: remote, close };
});

describeChainAccess('over a message port', async (ledger) => {
  const { remote, close } = connect(ledger);
  return { access: remote.access, close };
});
