import { writeVectors } from '../../chain/testing/vector-file.js';
import { contractVectors } from './contract-vectors.js';

// Run by hand after a change of the protocol: node dist/contracts/testing/write-vectors.js
writeVectors('contracts', 'contracts', contractVectors());
