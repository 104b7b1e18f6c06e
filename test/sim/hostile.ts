import { type BlockId, encodeHeader, genesisBlock, hashToBlockId, headerHash, type Law } from '#chain';
import {
  decodeMessage,
  encodeMessage,
  type GossipVerdict,
  type Hello,
  type PeerRef,
  type TransportHandler,
} from '#sync';
import type { SimNetwork, SimTransport } from '../../libs/sync/testing/sim-network.js';

/** What a peer without a chain may be: each is a way to lie. */
export const HOSTILE_KINDS = [
  'wrong-network',
  'wrong-genesis',
  'garbage',
  'stall',
  'low-work',
  'no-work',
] as const;
export type HostileKind = (typeof HOSTILE_KINDS)[number];

const CLAIMED_WORK = 1n << 200n;
const GARBAGE_EVERY_MS = 2_000;

/** A peer that never follows the protocol; it stays until it is banned everywhere. */
export class HostilePeer implements TransportHandler {
  private readonly transport: SimTransport;
  private readonly chain: Uint8Array;
  private isStopped = false;

  constructor(
    readonly ref: PeerRef,
    readonly kind: HostileKind,
    private readonly law: Law,
    private readonly network: SimNetwork,
    headers: number,
  ) {
    this.chain =
      kind === 'low-work' || kind === 'no-work'
        ? this.headers(headers, kind === 'low-work')
        : new Uint8Array();
    this.transport = network.join(ref);
  }

  start(): void {
    this.transport.attach(this);
    if (this.kind === 'garbage' || this.kind === 'no-work') this.babble();
  }

  stop(): void {
    this.isStopped = true;
    this.network.leave(this.ref);
  }

  connected(peer: PeerRef, isOutbound: boolean): void {
    if (isOutbound) this.ask(peer, encodeMessage('hello', this.hello()));
    if (this.kind !== 'garbage') return;
    for (let count = 0; count < 3; count++) this.ask(peer, this.noise(1 + this.below(300)));
  }

  disconnected(): void {}

  async request(_: PeerRef, bytes: Uint8Array): Promise<Uint8Array> {
    if (this.kind === 'garbage' && bytes[0] !== 0x01) return this.noise(this.below(400));
    const message = decodeMessage(bytes);
    if (!message.ok) return new Uint8Array();
    if (message.value.name === 'hello') return encodeMessage('hello', this.hello());
    if (this.kind === 'stall') return new Promise(() => undefined);
    if (message.value.name !== 'getHeaders') return new Uint8Array();
    const from = this.firstUnknown(message.value.body.locator);
    return encodeMessage('headers', {
      tip: this.hello().tip,
      headers: this.chain.slice(from * 80, (from + 2_000) * 80),
    });
  }

  async published(): Promise<GossipVerdict> {
    return 'ignore';
  }

  private ask(peer: PeerRef, bytes: Uint8Array): void {
    const limits = { timeoutMs: 5_000, maxAnswerBytes: 1 << 20 };
    this.transport.request(peer, bytes, limits).catch(() => undefined);
  }

  private hello(): Hello {
    const { params } = this.law;
    const genesis = genesisBlock(this.law).id;
    const other = `${'11'.repeat(32)}` as BlockId;
    return {
      wireVersion: 1,
      protocolVersion: params.protocolVersion,
      networkId: this.kind === 'wrong-network' ? params.networkId + 1 : params.networkId,
      genesis: this.kind === 'wrong-genesis' ? other : genesis,
      tip: other,
      height: 1_000_000,
      work: CLAIMED_WORK,
      nonce: this.noise(8),
      capabilities: 0xffff_ffff,
      agent: this.kind,
    };
  }

  /** Headers from the genesis block on, with work or without. */
  private headers(count: number, hasWork: boolean): Uint8Array {
    const out = new Uint8Array(count * 80);
    const { law } = this;
    const genesis = genesisBlock(law);
    let previous = genesis.hash;
    for (let at = 0; at < count; at++) {
      let header = { ...genesis.header, previous, time: genesis.header.time + at + 1, nonce: 0 };
      const isGood = (): boolean => ((headerHash(law.crypto, header)[31] as number) & 0x80) === 0;
      while (isGood() !== hasWork) header = { ...header, nonce: header.nonce + 1 };
      out.set(encodeHeader(header), at * 80);
      previous = headerHash(law.crypto, header);
    }
    return out;
  }

  private firstUnknown(locator: readonly BlockId[]): number {
    for (let at = this.chain.length / 80 - 1; at >= 0; at--) {
      const id = hashToBlockId(this.law.crypto.sha256d(this.chain.subarray(at * 80, at * 80 + 80)));
      if (locator.includes(id)) return at + 1;
    }
    return 0;
  }

  private babble(): void {
    if (this.isStopped) return;
    if (this.kind === 'garbage') {
      this.transport.publish(
        this.below(2) === 0 ? 'blocks' : 'transactions',
        this.noise(1 + this.below(200)),
      );
      for (const peer of this.transport.peers()) this.ask(peer, this.noise(1 + this.below(200)));
    } else {
      const announcement = {
        header: this.chain.slice(0, 80),
        salt: this.noise(8),
        coinbase: this.noise(100),
      };
      this.transport.publish(
        'blocks',
        encodeMessage('blockAnnouncement', { ...announcement, shortIds: this.noise(12) }),
      );
    }
    this.network.clock.after(GARBAGE_EVERY_MS, () => this.babble());
  }

  private below(limit: number): number {
    return Math.floor(this.network.clock.random() * limit);
  }

  private noise(length: number): Uint8Array {
    return Uint8Array.from({ length }, () => this.below(256));
  }
}
