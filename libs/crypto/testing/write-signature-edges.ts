import { writeSignatureEdges } from './signature-edge-file.js';

// Run by hand after a change of the rule of verification: node dist/libs/crypto/testing/write-signature-edges.js
writeSignatureEdges();
