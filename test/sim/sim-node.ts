import { type AccountId, type BlockId, buildTemplate, type KnownBlock, type Law } from '#chain';
import { bytesToHex } from '#crypto';
import { type AppError, violationToText } from '#errors';
import type { ChainAccess, ChainStore } from '#ledger';
import { createMemoryChainStore } from '#ledger';
import { createSyncEngine, type SyncEngine, type SyncOptions } from '#sync';
import { type BlockChanges, mineTemplate } from '../../chain/testing/mine-block.js';
import { type MemoryNode, openMemoryNode } from '../../libs/ledger/testing/memory-node.js';
import type { SimNetwork, SimTransport } from '../../libs/sync/testing/sim-network.js';

/** What a node is made of while it runs. */
interface Running extends MemoryNode {
  readonly engine: SyncEngine;
  readonly transport: SimTransport;
}

/** A whole node: real law, real chain, real engine; only wires, disk and time are made up. */
export class SimNode {
  private running: Running | undefined;
  private readonly store: ChainStore;
  /** Blocks a lying node shows that no chain would take. */
  readonly forged = new Map<BlockId, Uint8Array>();
  reorgs = 0;
  deepestReorg = 0;
  readonly refusals = new Map<string, number>();
  readonly faults: AppError[] = [];

  constructor(
    readonly ref: string,
    private readonly law: Law,
    private readonly network: SimNetwork,
    private readonly options: Partial<SyncOptions>,
  ) {
    this.store = createMemoryChainStore(ref);
  }

  get isUp(): boolean {
    return this.running !== undefined;
  }

  get parts(): Running {
    if (this.running === undefined) throw new Error(`${this.ref} is down`);
    return this.running;
  }

  get tip(): { readonly id: string; readonly height: number; readonly stateRoot: string } {
    const { chain } = this.parts;
    const { stateRoot } = chain.tipSupplement();
    return { id: chain.tip.id, height: chain.tip.height, stateRoot: bytesToHex(stateRoot) };
  }

  async start(): Promise<void> {
    const { law, store, network } = this;
    const now = () => Math.floor(network.clock.nowMs() / 1000);
    const { chain, mempool, access: honest } = await openMemoryNode(law, now, store);
    chain.onChange(({ left }) => {
      if (left.length === 0) return;
      this.reorgs += 1;
      this.deepestReorg = Math.max(this.deepestReorg, left.length);
    });
    const access: ChainAccess = {
      ...honest,
      blockBytes: async (id) => this.forged.get(id) ?? (await honest.blockBytes(id)),
    };
    const transport = network.join(this.ref);
    const engine = createSyncEngine({
      chain: access,
      transport,
      clock: network.clock,
      law,
      options: { ...this.options, agent: this.ref },
      onRefusal: ({ rule }) => this.refusals.set(rule, (this.refusals.get(rule) ?? 0) + 1),
      onFault: (fault) => this.faults.push(fault),
    });
    this.running = { law, chain, mempool, access, engine, transport };
    await engine.start();
  }

  /** Ends the process: memory is lost, the store stays. */
  async stop(): Promise<void> {
    const { engine } = this.parts;
    this.network.leave(this.ref);
    this.running = undefined;
    await engine.stop();
  }

  /** A block on the tip with what waits in the pool. */
  draft(miner: AccountId, changes: BlockChanges = {}, chain = this.parts.chain): KnownBlock {
    const candidates = chain === this.parts.chain ? this.parts.mempool.candidates() : [];
    const template = buildTemplate(this.law, chain.state, chain.tipSupplement(), candidates, miner);
    const now = Math.floor(this.network.clock.nowMs() / 1000);
    const block = mineTemplate(this.law, template, Math.max(template.minTimeSeconds, now), changes);
    if (!block.ok) throw new Error(violationToText(block.violation));
    return block.value;
  }

  /** Finds a block and takes it in. */
  async mine(miner: AccountId): Promise<void> {
    const { bytes } = this.draft(miner);
    const result = await this.parts.access.submitBlock(bytes);
    if (!result.ok) throw new Error(`${this.ref}'s own block: ${violationToText(result.violation)}`);
  }
}
