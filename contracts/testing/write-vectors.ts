import { writeVectors } from '../../chain/testing/vector-file.js';
import { contractVectors } from './contract-vectors.js';
import { proofVectors } from './proof-vectors.js';
import { CONTRACT_RULE_VECTORS } from './rules/index.js';

// Run by hand after a change of the protocol: node dist/contracts/testing/write-vectors.js
writeVectors('contracts', 'contracts', contractVectors());
writeVectors('contracts', 'proofs', proofVectors());
for (const [name, build] of Object.entries(CONTRACT_RULE_VECTORS))
  writeVectors('contracts', `rules/${name}`, build());
