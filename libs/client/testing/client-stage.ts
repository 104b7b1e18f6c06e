import type { ContractId } from '#chain';
import type { ContractView } from '#wire';
import { fastDevnet } from '../../ledger/testing/index.js';
import { MarketStage, sampleFragments } from '../../provider/testing/index.js';
import { CairnClient, type ClientOptions } from '../client.js';
import { formContracts } from '../transfer/form-contracts.js';
import type { Deposits } from '../transfer/upload-plan.js';
import { UploadSlot } from '../transfer/upload-slot.js';

const PHRASE = 'legal winner thank year wave sausage worth useful legal winner thank yellow';
const COIN = 1_000_000_000n;

type SampleFragment = ReturnType<typeof sampleFragments>[number];

/** Whoever waits for blocks longer than this waits for something else. */
const MINING_MS = 55_000;

/** A ledger, a provider over real HTTP, and a funded client; its contracts are made the way an upload makes them. */
export class ClientStage {
  private constructor(
    readonly market: MarketStage,
    public client: CairnClient,
  ) {}

  static async open(options: Parameters<typeof MarketStage.open>[0] = {}): Promise<ClientStage> {
    const market = await MarketStage.open(options);
    const stage = new ClientStage(market, openClient(market));
    const { account } = stage.client.context.identity;
    await market.ledger.fund(100n * COIN, { account } as never);
    return stage;
  }

  /** Another process of the same client. */
  async reopenClient(options: Partial<ClientOptions> = {}): Promise<void> {
    await this.client.close();
    this.client = openClient(this.market, options);
  }

  /** Mines, one block after the other, until something is done that waits for blocks. */
  async whileMining<T>(work: Promise<T>): Promise<T> {
    let isDone = false;
    const settled = work.finally(() => {
      isDone = true;
    });
    settled.catch(() => undefined);
    // Quick at first; what takes long for other reasons must not find its contracts over when it comes to them.
    const until = performance.now() + MINING_MS;
    for (let block = 0; performance.now() < until && !isDone; block++) {
      await this.market.mine();
      await this.market.proven();
      await new Promise((resolve) => setTimeout(resolve, block < 100 ? 30 : 300));
    }
    return settled;
  }

  /** A contract over random fragments, in a block. */
  async form(
    lengths: readonly number[],
    epochs = 3,
    deposits: Deposits = {},
  ): Promise<{ contract: ContractId; fragments: readonly SampleFragment[] }> {
    const fragments = sampleFragments(...lengths);
    const contract = await this.formOver(fragments, { epochs, deposits });
    return { contract, fragments };
  }

  /** A contract over given fragments, with the provider named or the first one. */
  async formOver(
    fragments: readonly SampleFragment[],
    { epochs = 3, deposits = {}, provider = '' }: { epochs?: number; deposits?: Deposits; provider?: string },
  ): Promise<ContractId> {
    const { context } = this.client;
    const candidates = await context.providers.candidates();
    const candidate = candidates.find(({ offer }) => offer.address === provider) ?? candidates[0];
    const maxBytes = fragments.reduce((sum, { bytes }) => sum + BigInt(bytes.length), 0n);
    const room = { maxBytes, maxFragments: fragments.length, epochs };
    const slot = await UploadSlot.open(context, candidate as never, room);
    for (const { id, bytes } of fragments) await slot.put(id, bytes);
    const { tip, burnPerGiBEpoch } = await this.market.ledger.ledger.status();
    const now = { height: tip.height, burnPerGiBEpoch: BigInt(burnPerGiBEpoch) };
    await this.whileMining(formContracts(context, [await slot.agree(now, { deposits })]));
    await this.market.mine();
    return slot.contract;
  }

  async view(contract: string): Promise<ContractView> {
    const view = await this.market.ledger.ledger.contract({ id: contract });
    if (view === null) throw new Error(`no contract ${contract}`);
    return view;
  }

  async close(): Promise<void> {
    await this.client.close();
    await this.market.close();
  }
}

function openClient(market: MarketStage, options: Partial<ClientOptions> = {}): CairnClient {
  return CairnClient.open({
    ledger: market.ledger.ledger,
    params: fastDevnet,
    phrase: PHRASE,
    workers: 1,
    requestTimeoutMs: 2_000,
    ...options,
  });
}
