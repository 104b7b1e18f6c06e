import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { accountIdToAddress, encodeTransaction, type Law, type NetworkParams, signTransaction } from '#chain';
import { bytesToHex, hexToBytes } from '#crypto';
import { nativeCrypto } from '#crypto-native';
import type { TemplateView } from '#wire';
import { fastDevnet } from '../../../chain/testing/memory-chain.js';
import { createWallet, faucetWallet, type Wallet } from '../../../chain/testing/wallet.js';
import { type EmbeddedLedger, type OpenLedgerOptions, openLedger } from '../embedded-ledger.js';
import { minFee } from '../mempool/mempool-policy.js';
import type { LedgerPort } from '../port.js';

export type { Wallet } from '../../../chain/testing/wallet.js';
export { fastDevnet };

/** What a test may choose about a transaction besides kind and body. */
export interface SendOptions {
  readonly lane?: number;
  /** Default: the lane's next, pending ones counted. */
  readonly sequence?: bigint;
  /** Default: the least the node takes. */
  readonly fee?: bigint;
}

/** Searches the nonce of a template and returns its solution. Right for easy targets only. */
export function solveTemplate(template: TemplateView): {
  templateId: string;
  headerHex: string;
  coinbaseHex: string;
} {
  const header = hexToBytes(template.headerHex);
  const nonceField = new DataView(header.buffer, header.byteOffset + 76, 4);
  for (let nonce = 0; nonce <= 0xffff_ffff; nonce++) {
    nonceField.setUint32(0, nonce, true);
    if (bytesToHex(nativeCrypto.sha256d(header).reverse()) > template.targetHex) continue;
    return {
      templateId: template.id,
      headerHex: bytesToHex(header),
      coinbaseHex: template.coinbaseHex,
    };
  }
  throw new Error('no nonce of this template meets its target');
}

/** Signs a transaction with the least fee a node takes, or the one given, and returns its hex. */
export async function signFor(
  law: Law,
  ledger: LedgerPort,
  wallet: Wallet,
  transaction: { readonly kind: string; readonly body: unknown },
  options: SendOptions = {},
): Promise<string> {
  const lane = options.lane ?? 0;
  const isSequence = law.kindsByName.get(transaction.kind)?.replay === 'sequence';
  const next = async () => BigInt((await ledger.nextSequence({ account: wallet.account, lane })).sequence);
  const unsigned = {
    ...transaction,
    sender: wallet.publicKey,
    lane: isSequence ? lane : 0,
    sequence: options.sequence ?? (isSequence ? await next() : 0n),
    fee: options.fee ?? 0n,
  };
  const sizeBytes = encodeTransaction(law, { ...unsigned, signature: new Uint8Array(64) }).length;
  const fee = options.fee ?? minFee({ minFeePerByte: 1n }, sizeBytes);
  return bytesToHex(encodeTransaction(law, signTransaction(law, { ...unsigned, fee }, wallet.secretKey)));
}

/** An embedded ledger in a folder of its own, with a clock that tests turn, a miner and the faucet. */
export class TestLedger {
  readonly miner: Wallet;
  readonly faucet: Wallet;

  private constructor(
    private opened: EmbeddedLedger,
    readonly dataDir: string,
    private readonly options: Omit<OpenLedgerOptions, 'dataDir' | 'clock'>,
    /** Seconds since 1970; every mined block moves it on by one. */
    readonly clock: { seconds: number },
  ) {
    this.miner = this.wallet('miner');
    this.faucet = faucetWallet(nativeCrypto, options.params);
  }

  /** Opens one; `close` removes its folder. Default network: the devnet with a target every second hash meets. */
  static async open(options: Partial<OpenLedgerOptions> = {}): Promise<TestLedger> {
    const params: NetworkParams = options.params ?? fastDevnet;
    const clock = { seconds: params.genesis.timeSeconds + 1 };
    const dataDir = options.dataDir ?? (await mkdtemp(join(tmpdir(), 'cairn-ledger-')));
    const full = { crypto: nativeCrypto, checkInvariants: true, ...options, params };
    try {
      const opened = await openLedger({ ...full, dataDir, clock: () => clock.seconds });
      return new TestLedger(opened, dataDir, full, clock);
    } catch (error) {
      if (options.dataDir === undefined) await rm(dataDir, { recursive: true, force: true });
      throw error;
    }
  }

  get ledger(): EmbeddedLedger {
    return this.opened;
  }

  get law(): Law {
    return this.opened.law;
  }

  get height(): number {
    return this.opened.chain.tip.height;
  }

  /** A wallet whose secret is the SHA-256 of its label. */
  wallet(label: string): Wallet {
    return createWallet(nativeCrypto, this.options.params, label);
  }

  address(wallet: Wallet): string {
    return accountIdToAddress(this.options.params, wallet.account);
  }

  /** Mines blocks with what waits in the mempool; returns the last block's id. */
  async mine(count = 1, miner: Wallet = this.miner): Promise<string> {
    let id = this.opened.chain.tip.id as string;
    for (let mined = 0; mined < count; mined++) {
      this.clock.seconds += 1;
      const template = await this.opened.template({ miner: miner.account });
      ({ id } = await this.opened.submitSolution(solveTemplate(template)));
    }
    return id;
  }

  /** Mines up to a height. */
  async mineTo(height: number): Promise<void> {
    await this.mine(Math.max(0, height - this.height));
  }

  /** Signs and submits; returns the transaction's id. */
  async send(
    wallet: Wallet,
    transaction: { readonly kind: string; readonly body: unknown },
    options: SendOptions = {},
  ): Promise<string> {
    const hex = await signFor(this.law, this.opened, wallet, transaction, options);
    return (await this.opened.submitTransaction({ hex })).id;
  }

  /** Submits a transfer. */
  transfer(from: Wallet, to: Wallet, amount: bigint, options: SendOptions = {}): Promise<string> {
    const body = { to: to.account, amount, memo: new Uint8Array() };
    return this.send(from, { kind: 'transfer', body }, options);
  }

  /** Gives coins of the faucet and mines the block that holds them. */
  async fund(amount: bigint, ...wallets: readonly Wallet[]): Promise<void> {
    for (const wallet of wallets) await this.transfer(this.faucet, wallet, amount);
    await this.mine();
  }

  /** Closes and opens again on the same folder, as a restarted process would. */
  async reopen(): Promise<void> {
    await this.opened.close();
    const { dataDir, clock, options } = this;
    this.opened = await openLedger({ ...options, dataDir, clock: () => clock.seconds });
  }

  /** Closes and removes the folder. */
  async close(): Promise<void> {
    await this.opened.close();
    await rm(this.dataDir, { recursive: true, force: true });
  }
}
