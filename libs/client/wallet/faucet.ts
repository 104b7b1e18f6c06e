import { createHash } from 'node:crypto';
import { type AccountId, DEVNET_FAUCET_LABEL, type Law } from '#chain';
import { AppError } from '#errors';
import type { LedgerPort } from '#ledger';
import { type Submitted, Wallet } from './wallet.js';

/** The wallet that holds a devnet's coins; its key is public. */
export function devnetFaucet(ledger: LedgerPort, law: Law): Wallet {
  if (law.params.name !== 'devnet') {
    throw new AppError({
      code: 'faucet/no-devnet',
      message: `Only a devnet gives coins away; this is ${law.params.name}.`,
      next: 'Mine (`cairn mine`) or buy coins.',
    });
  }
  const secretKey = new Uint8Array(createHash('sha256').update(DEVNET_FAUCET_LABEL).digest());
  return new Wallet({ ledger, law, key: { secretKey, publicKey: law.crypto.publicKey(secretKey) } });
}

/** Sends coins from the devnet's faucet. */
export function requestCoins(
  ledger: LedgerPort,
  law: Law,
  to: AccountId,
  amount: bigint,
): Promise<Submitted> {
  return devnetFaucet(ledger, law).submit('transfer', { to, amount, memo: new Uint8Array(0) });
}
