/**
 * Owns: the conformance suite of the CryptoPort and the generator of contested signatures, for every adapter's test.
 * Does not own: the vectors (../vectors). Only tests import this.
 * Read next: crypto-conformance.ts.
 */
export { describeCryptoConformance } from './crypto-conformance.js';
export {
  generateSignatureCases,
  type SignatureCase,
  smallOrderEncodings,
  torsionPoints,
} from './signature-cases.js';
