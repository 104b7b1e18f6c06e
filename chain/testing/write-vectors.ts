import { LEDGER_VECTORS } from './ledger-vectors.js';
import { CHAIN_RULE_VECTORS } from './rules/index.js';
import { writeVectors } from './vector-file.js';

// Run by hand after a change of the protocol: node dist/chain/testing/write-vectors.js
for (const [name, build] of Object.entries(LEDGER_VECTORS)) writeVectors('chain', name, build());
for (const [name, build] of Object.entries(CHAIN_RULE_VECTORS))
  writeVectors('chain', `rules/${name}`, build());
