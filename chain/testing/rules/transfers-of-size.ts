import type { AccountId } from '../../primitives/ids.js';
import type { KnownTransaction } from '../../tx/transaction.js';
import type { MemoryChain } from '../memory-chain.js';
import type { Wallet } from '../wallet.js';

/** Transfers that have exactly `totalBytes` in all, `perTransferBytes` of each not counted; memos fill the rest. */
export function transfersOfSize(
  chain: MemoryChain,
  from: Wallet,
  to: AccountId,
  totalBytes: number,
  perTransferBytes = 0,
): readonly KnownTransaction[] {
  const first = chain.nextSequence(from);
  const transfer = (index: number, memoBytes: number): KnownTransaction =>
    chain.sign(
      from,
      'transfer',
      { to, amount: 1n, memo: new Uint8Array(memoBytes) },
      { sequence: first + BigInt(index) },
    );
  const emptyBytes = transfer(0, 0).bytes.length + perTransferBytes;
  const count = Math.floor(totalBytes / emptyBytes);
  let spare = totalBytes - count * emptyBytes;
  return Array.from({ length: count }, (_, index) => {
    const memoBytes = Math.min(64, spare);
    spare -= memoBytes;
    return transfer(index, memoBytes);
  });
}
