import { InvariantError } from '#errors';
import type { ChainAccessEvent } from '#ledger';
import { BodyDownload } from './bodies/body-download.js';
import { BlockGossip } from './gossip/block-gossip.js';
import { TransactionGossip } from './gossip/transaction-gossip.js';
import { HeaderSync } from './headers/header-sync.js';
import { decodeMessage, encodeMessage, type Hello, type Message } from './messages/messages.js';
import { Handshake } from './peers/handshake.js';
import { type Peer, PeerSet } from './peers/peer.js';
import type { GossipTopic, GossipVerdict, PeerRef, TransportHandler } from './ports.js';
import { Server } from './serve.js';
import { SyncContext } from './sync-context.js';
import type { SyncEngine, SyncEngineParts, SyncStatus } from './sync-engine.js';

const NO = new Uint8Array(0);
/** An answer to a greeting is small. */
const HELLO_BYTES = 512;
/** Polls are spread by up to this share, so that nodes started together do not ask together. */
const POLL_JITTER = 0.5;
/** So many blocks behind the chain that is fetched, transactions cannot be judged. */
const FAR_BEHIND_BLOCKS = 6;

/** Wires the parts together: what peers do, what the chain does, and time. */
class Engine implements SyncEngine, TransportHandler {
  private readonly context: SyncContext;
  private readonly peers = new PeerSet();
  private readonly handshake: Handshake;
  private readonly server: Server;
  private readonly headers: HeaderSync;
  private readonly bodies: BodyDownload;
  private readonly blocks: BlockGossip;
  private readonly transactions: TransactionGossip;
  private stopListening: (() => void) | undefined;
  private stopped: Promise<void> | undefined;
  private isStarted = false;
  private tipHeight = 0;
  private polled = 0;

  constructor(parts: SyncEngineParts) {
    this.context = new SyncContext(parts);
    this.handshake = new Handshake(this.context);
    this.server = new Server(this.context);
    this.bodies = new BodyDownload(this.context, this.peers, () => this.caughtUp());
    this.headers = new HeaderSync(this.context, this.peers, () => this.bodies.kick());
    this.blocks = new BlockGossip(this.context, {
      proven: () => this.bodies.kick(),
      orphaned: (peer) => this.headers.consider(peer, true),
      overdue: () => {
        for (const peer of this.peers.ready()) this.headers.consider(peer, true);
      },
    });
    this.transactions = new TransactionGossip(this.context, this.peers, () => this.isFarBehind);
  }

  async start(): Promise<void> {
    if (this.isStarted) throw new InvariantError('a sync engine starts once');
    this.isStarted = true;
    const { chain, transport } = this.context;
    this.tipHeight = (await chain.tip()).height;
    if (this.context.isStopped) return;
    this.stopListening = chain.onEvent((event) => this.chainEvent(event));
    transport.attach(this);
    this.schedulePoll();
  }

  stop(): Promise<void> {
    this.stopListening?.();
    this.stopped ??= this.context.stop();
    return this.stopped;
  }

  status(): SyncStatus {
    const { context, bodies } = this;
    return {
      peers: this.peers.ready().map((peer) => ({
        peer: peer.ref,
        isOutbound: peer.isOutbound,
        agent: peer.hello?.agent ?? '',
        height: peer.proven?.height ?? peer.hello?.height ?? 0,
        bytesPerSecond: Math.round(peer.bytesPerSecond),
      })),
      targetHeight: Math.max(this.tipHeight, bodies.targetPoint?.height ?? 0),
      isSyncing: bodies.isActive || this.headers.isRunning,
      bodyBytes: bodies.heldBytes,
      orphans: this.blocks.orphans.count,
      refusals: context.refusals.byRule(),
      counters: { ...context.counters },
    };
  }

  connected(ref: PeerRef, isOutbound: boolean): void {
    if (this.context.isStopped || this.peers.get(ref) !== undefined) return;
    const peer = this.peers.add(ref, isOutbound);
    if (isOutbound) {
      this.context.run(() => this.greet(peer));
      return;
    }
    this.context.after(this.context.options.helloTimeoutMs, () => {
      if (peer.isReady || !this.peers.isConnected(peer)) return;
      this.context.refuse(ref, 'handshake', 'peer/no-hello');
      this.context.transport.disconnect(ref, 'peer/no-hello');
    });
  }

  disconnected(ref: PeerRef): void {
    const peer = this.peers.get(ref);
    if (peer === undefined) return;
    this.peers.remove(ref);
    this.headers.forget(peer);
    this.bodies.forget(peer);
    this.blocks.orphans.forget(ref);
  }

  async request(ref: PeerRef, bytes: Uint8Array): Promise<Uint8Array> {
    const peer = this.peers.get(ref);
    if (this.context.isStopped || peer === undefined) return NO;
    const message = decodeMessage(bytes);
    if (!message.ok) {
      this.context.refuse(ref, 'message', message.violation);
      return NO;
    }
    this.context.counters.requestsServed += 1;
    if (message.value.name === 'hello') return this.greeted(peer, message.value.body);
    // Whom we greeted may ask before its own greeting has arrived.
    if (!peer.isReady && !peer.isOutbound) {
      this.context.refuse(ref, 'handshake', 'peer/no-hello');
      return NO;
    }
    return this.answer(peer, message.value);
  }

  async published(ref: PeerRef, topic: GossipTopic, bytes: Uint8Array): Promise<GossipVerdict> {
    const peer = this.peers.get(ref);
    if (this.context.isStopped || peer === undefined || !peer.isReady) return 'ignore';
    return topic === 'blocks' ? this.blocks.receive(peer, bytes) : this.transactions.receive(peer, bytes);
  }

  private answer(peer: Peer, message: Message): Promise<Uint8Array> | Uint8Array {
    switch (message.name) {
      case 'getHeaders':
        return this.server.headers(message.body);
      case 'getBlocks':
        return this.server.blocks(peer, message.body);
      case 'getBlockTransactions':
        return this.server.blockTransactions(peer, message.body);
      case 'getTransactions':
        return this.server.transactions(peer, message.body);
      case 'getWaiting':
        return this.server.waiting();
      default:
        this.context.refuse(peer.ref, 'message', {
          rule: 'peer/unexpected-message',
          message: message.name,
        });
        return NO;
    }
  }

  private async greet(peer: Peer): Promise<void> {
    const { context } = this;
    const answer = await context.ask(
      peer,
      { name: 'hello', body: this.handshake.own(await context.chain.tip()) },
      { name: 'hello', maxBytes: HELLO_BYTES },
    );
    if (!this.peers.isConnected(peer) || context.isStopped) return;
    if (peer.isReady) return;
    if (answer.kind !== 'answer') {
      context.transport.disconnect(peer.ref, 'peer/no-hello');
      return;
    }
    this.introduce(peer, answer.body);
  }

  private async greeted(peer: Peer, hello: Hello): Promise<Uint8Array> {
    // Two nodes that dialled each other at once both greet: the first greeting of a peer we greeted is no second one.
    const isFirst = !peer.hasGreeted && (peer.isOutbound || !peer.isReady);
    peer.hasGreeted = true;
    if (!isFirst) {
      this.context.refuse(peer.ref, 'handshake', 'peer/hello-twice');
      return NO;
    }
    const own = encodeMessage('hello', this.handshake.own(await this.context.chain.tip()));
    this.introduce(peer, hello);
    // A peer of another network is told who we are all the same: it is the one that has to change.
    return own;
  }

  private introduce(peer: Peer, hello: Hello): void {
    if (peer.isReady) return;
    const violation = this.handshake.validate(hello);
    if (violation !== undefined) {
      this.context.refuse(peer.ref, 'handshake', violation);
      this.context.after(0, () => this.context.transport.disconnect(peer.ref, violation.rule));
      return;
    }
    peer.hello = hello;
    this.headers.consider(peer);
    this.context.run(() => this.transactions.catchUp(peer));
  }

  private get isFarBehind(): boolean {
    return (this.bodies.targetPoint?.height ?? 0) > this.tipHeight + FAR_BEHIND_BLOCKS;
  }

  private chainEvent(event: ChainAccessEvent): void {
    if (this.context.isStopped) return;
    if (event.type === 'transaction') {
      this.transactions.arrived(event.id);
      return;
    }
    this.tipHeight = event.tip.height;
    this.transactions.tipMoved();
    this.blocks.adopt(event.tip.id, (ref) => this.peers.get(ref));
    // Of what is fetched from others only the last block is news. An own one always is: who keeps back the body of a
    // header makes this node fetch for as long as he likes, and must not silence its miner.
    if (!this.bodies.isActive || !this.bodies.hasFetched(event.tip.id))
      this.context.run(() => this.blocks.tell(event.tip.id, true));
    this.bodies.kick();
  }

  /** A heavier chain was fetched to its end: those who listen to this node hear of it from this node. */
  private caughtUp(): void {
    this.context.run(async () => {
      const tip = await this.context.chain.tip();
      if (tip.height > 0) await this.blocks.tell(tip.id, false);
    });
    // What waited at others while this node was behind.
    const ready = this.peers.ready();
    const peer = ready[Math.floor(this.context.clock.random() * ready.length)];
    if (peer !== undefined) this.context.run(() => this.transactions.catchUp(peer));
  }

  /** Asks one peer after the other for headers: what gossip lost is found. */
  private schedulePoll(): void {
    const { options, clock } = this.context;
    const ms = options.pollMs * (1 + POLL_JITTER * (clock.random() - 0.5));
    this.context.after(ms, () => {
      const ready = this.peers.ready();
      const peer = ready[this.polled % Math.max(1, ready.length)];
      this.polled += 1;
      if (peer !== undefined) this.headers.consider(peer, true);
      this.bodies.kick();
      this.schedulePoll();
    });
  }
}

/**
 * A node's part in the network over any transport.
 * @throws InvariantError where `start` is called twice
 */
export function createSyncEngine(parts: SyncEngineParts): SyncEngine {
  return new Engine(parts);
}
