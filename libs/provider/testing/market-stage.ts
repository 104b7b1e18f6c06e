import type { ContractId } from '#chain';
import type { OfferView } from '#wire';
import { fastDevnet, TestLedger, type Wallet } from '../../ledger/testing/index.js';
import type { ProviderClient } from './provider-client.js';
import { TestProvider, type TestProviderOptions } from './test-provider.js';
import { until } from './until.js';

const COIN = 1_000_000_000n;
const MAX_BLOCKS = 120;

/** A ledger, one provider whose offer is on chain, and a client with coins. */
export class MarketStage {
  /** Further providers that take part; `close` ends them. */
  readonly others: TestProvider[] = [];

  private constructor(
    readonly ledger: TestLedger,
    public provider: TestProvider,
    readonly wallet: Wallet,
    readonly client: ProviderClient,
  ) {}

  static async open(options: Partial<TestProviderOptions> = {}): Promise<MarketStage> {
    const ledger = await TestLedger.open({ params: fastDevnet });
    const wallet = ledger.wallet('client');
    await ledger.mine();
    const provider = await TestProvider.open({ params: fastDevnet, ledger: ledger.ledger, ...options });
    const stage = new MarketStage(ledger, provider, wallet, provider.client(wallet));
    await ledger.fund(100n * COIN, wallet, stage.providerWallet());
    await stage.mineUntil('the offer', async () => {
      const offer = await ledger.ledger.offer({ provider: provider.address });
      return offer !== null && (await ledger.ledger.endpoint({ principal: provider.address })) !== null;
    });
    return stage;
  }

  /** Another provider whose offer is on chain. */
  async addProvider(
    options: Partial<TestProviderOptions> & { readonly seed: number },
  ): Promise<TestProvider> {
    const { ledger } = this.ledger;
    const provider = await TestProvider.open({ params: fastDevnet, ledger, ...options });
    this.others.push(provider);
    await this.ledger.fund(100n * COIN, this.providerWallet(provider));
    await this.mineUntil('its offer', async () => {
      const offer = await ledger.offer({ provider: provider.address });
      return offer !== null && (await ledger.endpoint({ principal: provider.address })) !== null;
    });
    return provider;
  }

  /** Only its account: enough to be paid. */
  providerWallet({ provider } = this.provider): Wallet {
    return { account: provider.context.account } as Wallet;
  }

  async offer(): Promise<OfferView> {
    const offer = await this.ledger.ledger.offer({ provider: this.provider.address });
    if (offer === null) throw new Error('the provider has no offer');
    return offer;
  }

  /** Mines one block and waits until the provider has seen it. */
  async mine(): Promise<void> {
    await this.ledger.mine();
    const { height } = this.ledger;
    for (const { provider } of [this.provider, ...this.others]) {
      await until(`the provider to see block ${height}`, () => (provider.watch.tip?.height ?? 0) >= height);
    }
  }

  /**
   * Waits until every challenge that a proof may answer now has one: a real miner leaves a second for it. Nobody waits for
   * who lost what he would have to prove.
   */
  async proven(): Promise<void> {
    const { height, ledger } = this.ledger;
    for (const { provider, address } of [this.provider, ...this.others]) {
      const { proofs } = provider.context.records;
      for (const { contract, epoch, proven, opensAt } of await ledger.challenges({ provider: address })) {
        if (proven || height + 1 < opensAt || !(await hasAll(provider, contract as ContractId))) continue;
        await until(`the proof of epoch ${epoch}`, async () => {
          return (await proofs.find(contract as ContractId, epoch)) !== undefined;
        });
      }
    }
  }

  /** Mines until the provider has done what is asked for: it acts when it sees a block. */
  async mineUntil(what: string, isDone: () => Promise<boolean>): Promise<void> {
    for (let block = 0; block < MAX_BLOCKS; block++) {
      await this.mine();
      await this.proven();
      const isSoon = await until(what, isDone, 40).catch(() => false);
      if (isSoon) return;
    }
    throw new Error(`mined ${MAX_BLOCKS} blocks waiting for ${what}`);
  }

  async close(): Promise<void> {
    this.client.close();
    for (const provider of [this.provider, ...this.others]) await provider.close();
    await this.ledger.close();
  }
}

async function hasAll({ context }: TestProvider['provider'], contract: ContractId): Promise<boolean> {
  for (const { id } of await context.records.fragments(contract)) {
    if (!(await context.store.has(id))) return false;
  }
  return true;
}
