import { type BlockId, HEADER_BYTES, type KnownBlock } from '#chain';
import { contractsModule } from '#contracts';
import { concatBytes } from '#crypto';
import { createMemoryChain, type MemoryChain } from '../../../chain/testing/memory-chain.js';
import { type MemoryNode, openMemoryNode } from '../../ledger/testing/index.js';
import { createSyncEngine } from '../engine.js';
import { encodeMessage, type Hello } from '../messages/messages.js';
import type { SyncEngine, SyncOptions, SyncRefusal } from '../sync-engine.js';
import { EventLog } from './event-log.js';
import { type Answers, ScriptedPeer } from './scripted-peer.js';
import { SimNetwork, type SimTransport } from './sim-network.js';
import { VirtualClock } from './virtual-clock.js';

const NODE = 'node';

/** A chain whose blocks tests feed: the law's own, with real work. */
export function newTestChain(height = 0): MemoryChain {
  const chain = createMemoryChain([contractsModule]);
  chain.mineTo(height);
  return chain;
}

/** Blocks of a chain, from height 1 on. */
export function blocksOf(chain: MemoryChain): KnownBlock[] {
  return Array.from({ length: chain.height }, (_, at) => chain.at(at + 1).block);
}

/** The headers of blocks as they travel. */
export function headersOf(blocks: readonly KnownBlock[]): Uint8Array {
  return concatBytes(...blocks.map(({ bytes }) => bytes.subarray(0, HEADER_BYTES)));
}

/** What an honest node answers that has these blocks. */
export function answersOf(
  chain: MemoryChain,
  blocks: () => readonly KnownBlock[] = () => blocksOf(chain),
): Answers {
  const genesis = chain.at(0).block.id;
  return {
    getHeaders: ({ locator }) => {
      const all = blocks();
      const from = locator.map((id) => all.findIndex((block) => block.id === id)).find((at) => at >= 0) ?? -1;
      const headers = headersOf(all.slice(from + 1, from + 2_001));
      return encodeMessage('headers', { tip: all.at(-1)?.id ?? genesis, headers });
    },
    getBlocks: ({ ids }) => {
      const byId = new Map(blocks().map((block) => [block.id, block.bytes]));
      return encodeMessage('blocks', { blocks: ids.map((id) => byId.get(id) ?? new Uint8Array()) });
    },
    getBlockTransactions: ({ block, indexes }) => {
      const found = blocks().find(({ id }) => id === block);
      const transactions = indexes.map((at) => found?.transactions[at]?.bytes ?? new Uint8Array());
      return encodeMessage('blockTransactions', { transactions });
    },
  };
}

/** What such a node says of itself. */
export function helloOf(blocks: readonly KnownBlock[]): Partial<Hello> {
  const tip = blocks.at(-1);
  return tip === undefined
    ? {}
    : { tip: tip.id, height: blocks.length, work: 2n * BigInt(blocks.length + 1) };
}

/** One engine on a real ledger, and peers that say what a test wants, on a quiet network. */
export class Scene {
  readonly clock: VirtualClock;
  readonly network: SimNetwork;

  private constructor(
    readonly chain: MemoryChain,
    readonly node: MemoryNode,
    readonly transport: SimTransport,
    readonly engine: SyncEngine,
    readonly refusals: readonly SyncRefusal[],
    wires: { readonly clock: VirtualClock; readonly network: SimNetwork },
  ) {
    this.clock = wires.clock;
    this.network = wires.network;
  }

  /** A node at the height given of a chain that may be higher. */
  static async open(
    chain: MemoryChain,
    options: Partial<SyncOptions> & { readonly height?: number } = {},
  ): Promise<Scene> {
    const clock = new VirtualClock(7, (chain.tip.block.header.time + 60) * 1000);
    const conditions = {
      latencyMs: [5, 5],
      loss: 0,
      bytesPerMs: 5_000,
      outbound: 0,
      banMs: 600_000,
    } as const;
    const network = new SimNetwork(clock, conditions, new EventLog());
    const node = await openMemoryNode(chain.law, () => Math.floor(clock.nowMs() / 1000));
    for (const { bytes } of blocksOf(chain).slice(0, options.height ?? 0)) {
      const result = await node.access.submitBlock(bytes);
      if (!result.ok) throw new Error(result.violation.rule);
    }
    const refusals: SyncRefusal[] = [];
    const transport = network.join(NODE);
    const engine = createSyncEngine({
      chain: node.access,
      transport,
      clock,
      law: chain.law,
      options: { pollMs: 1_000_000, ...options },
      onRefusal: (refusal) => refusals.push(refusal),
    });
    await engine.start();
    return new Scene(chain, node, transport, engine, refusals, { clock, network });
  }

  get height(): number {
    return this.node.chain.tip.height;
  }

  /** Rules refused so far, in order. */
  get rules(): string[] {
    return this.refusals.map(({ rule }) => rule);
  }

  /** A peer that has joined and is not connected. */
  peer(ref: string, answers: Answers = {}, changes: Partial<Hello> = {}): ScriptedPeer {
    return new ScriptedPeer(ref, this.chain.law, this.network, answers, changes);
  }

  /** A peer that has dialled the node and introduced itself. */
  async greeted(ref: string, answers: Answers = {}, changes: Partial<Hello> = {}): Promise<ScriptedPeer> {
    const peer = this.peer(ref, answers, changes);
    peer.transport.connect(NODE);
    void peer.say(NODE, encodeMessage('hello', peer.hello())).catch(() => undefined);
    await this.run(30);
    return peer;
  }

  /** A peer the node dialled itself. */
  async dialled(ref: string, answers: Answers = {}, changes: Partial<Hello> = {}): Promise<ScriptedPeer> {
    const peer = this.peer(ref, answers, changes);
    this.transport.connect(ref);
    await this.run(30);
    return peer;
  }

  run(ms: number, isDone?: () => boolean): Promise<void> {
    return this.clock.runUntil(this.clock.nowMs() + ms, isDone);
  }

  async close(): Promise<void> {
    await this.engine.stop();
    for (const ref of this.network.refs()) this.network.leave(ref);
  }
}

/** An id nobody has. */
export const NOBODYS_BLOCK = 'ab'.repeat(32) as BlockId;
