import { devnet, type FragmentId, type Law, signTransaction, type Transaction } from '#chain';
import {
  type Agreement,
  commitToLeaves,
  createNetworkLaw,
  entriesToLeaves,
  NO_READS_NO_REPAIR,
} from '#contracts';
import { nobleCrypto } from '#crypto';

/** A `form` transaction over so many fragments, for its size alone. */
export function formTransactionOf(count: number): { law: Law; transaction: Transaction } {
  const law = createNetworkLaw(devnet, nobleCrypto);
  const secretKey = new Uint8Array(32).fill(7);
  const publicKey = nobleCrypto.publicKey(secretKey);
  const fragments = Array.from({ length: count }, (_, index) => ({
    id: (index + 1).toString(16).padStart(64, '0') as FragmentId,
    lengthBytes: 1_024,
  }));
  const leaves = entriesToLeaves(fragments);
  if (!leaves.ok) throw new Error(leaves.violation.rule);
  const agreement: Agreement = {
    clientKey: publicKey,
    providerKey: publicKey,
    nonce: new Uint8Array(16),
    ticketKey: publicKey,
    payout: 'ab'.repeat(20) as Agreement['payout'],
    offerNumber: 1n,
    formBy: 1,
    epochs: 1,
    basePerEpoch: 1n,
    pricePerGiBEpoch: 1n,
    collateral: 1n,
    ...NO_READS_NO_REPAIR,
    maxBurn: 1n,
    ...commitToLeaves(nobleCrypto, leaves.value),
  };
  const body = { agreement, fragments, providerSignature: new Uint8Array(64) };
  const unsigned = { kind: 'form', sender: publicKey, lane: 1, sequence: 0n, fee: 1n, body };
  return { law, transaction: signTransaction(law, unsigned, secretKey) };
}
