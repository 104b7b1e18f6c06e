import { join } from 'node:path';
import type { Connection, Libp2p } from '@libp2p/interface';
import { peerIdFromString } from '@libp2p/peer-id';
import { multiaddr } from '@multiformats/multiaddr';
import { AppError, InvariantError } from '#errors';
import type { GossipTopic, Offence, PeerRef, SyncTransport, TransportHandler } from '#sync';
import { type NodeServices, startLibp2p } from './libp2p-node.js';
import { type Ban, BanList } from './limits/ban-list.js';
import { ConnectionGuard } from './limits/connection-guard.js';
import { BAN_SCORE, PeerScores } from './limits/peer-scores.js';
import { openNodeKey } from './node-key.js';
import { P2pCounters, type P2pCounts } from './p2p-counters.js';
import { DEFAULT_P2P_LIMITS, LOOPBACK_P2P_LIMITS, type P2pLimits } from './p2p-limits.js';
import type { P2pLogger, P2pOptions } from './p2p-options.js';
import { AddressBook } from './peers/address-book.js';
import { watchAddresses } from './peers/address-sources.js';
import { isRelayed, multiaddrToPlace } from './peers/net-place.js';
import { readPeerFile, writePeerFile } from './peers/peer-file.js';
import { PeerFinder } from './peers/peer-finder.js';
import { Reachability } from './peers/reachability.js';
import { createProtocolNames, isCairnProtocol } from './protocol-names.js';
import { Gossip } from './streams/gossip.js';
import { RequestClient, type RequestOptions } from './streams/request-client.js';
import { RequestServer } from './streams/request-server.js';

/** A peer we are connected to and that speaks our protocol. */
export interface P2pPeer {
  readonly peer: PeerRef;
  readonly address: string;
  readonly isOutbound: boolean;
  readonly isRelayed: boolean;
  readonly connectedMs: number;
  readonly score: number;
}

export interface P2pStatus extends P2pCounts {
  readonly peerId: string;
  /** Full multiaddrs, as others may write them into their bootstrap lists. */
  readonly addresses: readonly string[];
  /** Where it listens, with its peer id; others may have to go through something else. */
  readonly listening: readonly string[];
  readonly peers: readonly P2pPeer[];
  /** Sockets that came in, those not yet authenticated among them. */
  readonly inboundConnections: number;
  readonly knownPeers: number;
  readonly bans: readonly Ban[];
}

/** The transport of a real network. `attach` before `start`; `stop` ends everything it began. */
export interface P2pTransport extends SyncTransport {
  start(): Promise<void>;
  stop(): Promise<void>;
  status(): P2pStatus;
}

const TICK_MS = 1_000;
const SAVE_EVERY_MS = 60_000;
const PEER_FILE = 'peers.json';

/** A peer that has shown that it speaks our protocol. */
interface Session {
  readonly connectedMs: number;
  readonly isOutbound: boolean;
}

/** Makes the libp2p transport of a node. Nothing happens before `start`. */
export function createP2pTransport(options: P2pOptions): P2pTransport {
  return new Libp2pTransport(options);
}

const SILENT: P2pLogger = { info: () => undefined, warn: () => undefined, debug: () => undefined };

interface Running {
  readonly node: Libp2p<NodeServices>;
  readonly book: AddressBook;
  readonly bans: BanList;
  readonly guard: ConnectionGuard;
  readonly finder: PeerFinder;
  readonly reachability: Reachability | undefined;
  readonly timer: NodeJS.Timeout;
}

class Libp2pTransport implements P2pTransport {
  private readonly limits: P2pLimits;
  private readonly names;
  private readonly counters = new P2pCounters();
  private readonly scores = new PeerScores();
  private readonly sessions = new Map<PeerRef, Session>();
  private readonly logger: P2pLogger;
  private readonly client: RequestClient;
  private readonly server: RequestServer;
  private readonly gossip: Gossip;
  private handler: TransportHandler | undefined;
  private running: Running | undefined;
  private stopping: Promise<void> | undefined;
  private savedMs = Date.now();
  private saving: Promise<void> = Promise.resolve();

  constructor(private readonly options: P2pOptions) {
    const defaults = options.isPrivateNetwork ? LOOPBACK_P2P_LIMITS : DEFAULT_P2P_LIMITS;
    this.limits = { ...defaults, ...options.limits };
    this.names = createProtocolNames(options.network, options.genesisId);
    this.logger = options.logger ?? SILENT;
    const shared = {
      counters: this.counters,
      limits: this.limits,
      introduce: (peer: PeerRef) => this.connected(peer),
      report: (peer: PeerRef, offence: Offence) => this.report(peer, offence),
      onError: (error: unknown) => this.trouble(error),
    };
    this.client = new RequestClient({
      protocol: this.names.request,
      counters: this.counters,
      connections: (peer) => this.connectionsOf(peer),
      maxInFlight: Math.max(1, this.limits.maxRequestsInFlight - 4),
    });
    this.server = new RequestServer({
      ...shared,
      answer: (peer, request) => this.theHandler().request(peer, request),
    });
    this.gossip = new Gossip({
      ...shared,
      names: this.names,
      judge: (peer, topic, bytes) => this.theHandler().published(peer, topic, bytes),
    });
  }

  attach(handler: TransportHandler): void {
    this.handler = handler;
    for (const [peer, { isOutbound }] of this.sessions) handler.connected(peer, isOutbound);
  }

  async start(): Promise<void> {
    const { options } = this;
    const key = await openNodeKey(options.folder);
    const remembered = await readPeerFile(join(options.folder, PEER_FILE), (error) =>
      this.logger.warn({ err: error }, 'the file of remembered peers is damaged; starting without it'),
    );
    const book = new AddressBook(remembered.peers);
    const bans = new BanList(remembered.bans);
    const guard = new ConnectionGuard(this.limits, bans, this.counters);
    const node = await startLibp2p({
      options,
      limits: this.limits,
      names: this.names,
      key,
      gater: guard.gater(),
    });
    const addresses = watchAddresses({ node, book, isClosed: options.discovery === 'bootstrap' });
    const finder = new PeerFinder(
      {
        book,
        bootstrap: options.bootstrap ?? [],
        isClosedList: options.discovery === 'bootstrap',
        maxOutbound: this.limits.maxOutbound,
        anchors: remembered.anchors,
        self: node.peerId.toString(),
        dial: (targets, signal) =>
          node.dial(
            targets.map((target) => multiaddr(target)),
            { signal },
          ),
        hangUp: (peer) => this.disconnect(peer, 'feeler'),
        isConnected: (peer) => this.sessions.has(peer),
        isBanned: (peer) => bans.isBanned(peer, Date.now()),
        explore: (signal) => addresses.explore(signal),
        random: Math.random,
        onDialed: (peer, address, error) => this.dialed(peer, address, error),
      },
      Date.now(),
    );
    const reachability =
      options.relay === 'client'
        ? new Reachability(node, options.relayAfterMs ?? 10_000, Date.now())
        : undefined;
    const timer = setInterval(() => this.tick(), TICK_MS);
    timer.unref();
    this.running = { node, book, bans, guard, finder, reachability, timer };
    await this.listenToPeers(node);
    this.logger.info(
      { peer: node.peerId.toString(), addresses: node.getMultiaddrs().map(String) },
      'listening for peers',
    );
    finder.tick(Date.now());
  }

  stop(): Promise<void> {
    this.stopping ??= this.end();
    return this.stopping;
  }

  request(peer: PeerRef, bytes: Uint8Array, options: RequestOptions): Promise<Uint8Array> {
    return this.client.request(peer, bytes, options);
  }

  publish(topic: GossipTopic, bytes: Uint8Array): void {
    if (this.running !== undefined && this.stopping === undefined)
      this.gossip.publish(this.running.node.services.gossip, topic, bytes);
  }

  report(peer: PeerRef, { rule, weight }: Offence): void {
    const nowMs = Date.now();
    this.counters.refused(rule);
    if (weight <= 0 || this.running === undefined) return;
    const score = this.scores.add(peer, weight, nowMs);
    this.logger.debug({ peer, rule, weight, score }, 'a peer broke a rule');
    if (Math.round(score) < BAN_SCORE || this.running.bans.isBanned(peer, nowMs)) return;
    const address = this.connectionsOf(peer)[0]?.remoteAddr.toString();
    const place = address === undefined || isRelayed(address) ? undefined : multiaddrToPlace(address);
    const made = this.running.bans.ban(peer, rule, place, nowMs);
    this.counters.banned(made.length);
    this.scores.forget(peer);
    this.running.book.remove(peer);
    const until = new Date(made[0]!.untilMs).toISOString();
    this.logger.warn({ peer, address, rule, until }, 'a peer is banned');
    this.disconnect(peer, rule);
  }

  disconnect(peer: PeerRef, reason: string): void {
    this.logger.debug({ peer, reason }, 'disconnecting');
    for (const connection of this.connectionsOf(peer)) connection.abort(new Error(reason));
  }

  status(): P2pStatus {
    const nowMs = Date.now();
    const running = this.running;
    return {
      ...this.counters.counts(),
      peerId: running?.node.peerId.toString() ?? '',
      addresses: running?.node.getMultiaddrs().map(String) ?? [],
      listening: (running?.node.services.transports.getAddrs() ?? [])
        .map(String)
        .map((address) =>
          address.includes('/p2p/') ? address : `${address}/p2p/${running?.node.peerId.toString()}`,
        ),
      peers: [...this.sessions].map(([peer, session]) => {
        const connections = this.connectionsOf(peer);
        const best = connections.find(({ direct }) => direct) ?? connections[0];
        const address = best?.remoteAddr.toString() ?? '';
        return {
          peer,
          address,
          ...session,
          isRelayed: isRelayed(address),
          score: Math.round(this.scores.of(peer, nowMs)),
        };
      }),
      inboundConnections: running?.guard.inboundCount ?? 0,
      knownPeers: running?.book.size ?? 0,
      bans: running?.bans.active(nowMs) ?? [],
    };
  }

  private async listenToPeers(node: Libp2p<NodeServices>): Promise<void> {
    node.addEventListener('peer:disconnect', ({ detail }) => this.disconnected(detail.toString()));
    node.addEventListener('peer:identify', ({ detail }) =>
      this.identified(detail.peerId.toString(), detail.protocols),
    );
    this.gossip.join(node.services.gossip);
    await node.handle(this.names.request, (stream, connection) => this.server.serve(stream, connection), {
      // one more than is granted, so that the refusal is counted as the peer's
      maxInboundStreams: this.limits.maxRequestsInFlight + 16,
      maxOutboundStreams: 64,
      runOnLimitedConnection: true,
    });
    await node.register(this.names.request, {
      notifyOnLimitedConnection: true,
      onConnect: (peer) => this.connected(peer.toString()),
    });
  }

  /** A peer is ours once it shows that it speaks our protocol, whichever way it shows it first. */
  private connected(peer: PeerRef): void {
    if (this.sessions.has(peer) || this.stopping !== undefined) return;
    const connections = this.connectionsOf(peer);
    if (connections.length === 0) return; // it left meanwhile
    // whoever called greets, for whatever reason it called: one of the two always does
    const isOutbound = connections.some(({ direction }) => direction === 'outbound');
    this.sessions.set(peer, { connectedMs: Date.now(), isOutbound });
    this.logger.debug({ peer, isOutbound }, 'peer connected');
    this.handler?.connected(peer, isOutbound);
  }

  private disconnected(peer: PeerRef): void {
    this.running?.finder.disconnected(peer, Date.now());
    this.server.forget(peer);
    this.gossip.forget(peer);
    if (!this.sessions.delete(peer)) return;
    this.logger.debug({ peer }, 'peer disconnected');
    this.handler?.disconnected(peer);
  }

  private identified(peer: PeerRef, protocols: readonly string[]): void {
    if (protocols.includes(this.names.request)) return;
    const isOfCairn = protocols.some(isCairnProtocol);
    this.counters.refused(isOfCairn ? 'p2p/wrong-network' : 'p2p/foreign-protocol');
    this.running?.book.remove(peer);
    this.disconnect(peer, isOfCairn ? 'p2p/wrong-network' : 'p2p/foreign-protocol');
  }

  private connectionsOf(peer: PeerRef): readonly Connection[] {
    return this.running?.node.getConnections(peerIdFromString(peer)) ?? [];
  }

  private theHandler(): TransportHandler {
    if (this.handler === undefined) throw new InvariantError('the transport has no handler yet');
    return this.handler;
  }

  private dialed(peer: string, address: string, error: unknown): void {
    if (error !== undefined) this.logger.debug({ peer, address, err: error }, 'calling a peer failed');
  }

  private trouble(error: unknown): void {
    if (error instanceof InvariantError) throw error;
    if (this.stopping === undefined) this.logger.warn({ err: error }, 'trouble while talking to a peer');
  }

  private tick(): void {
    const running = this.running;
    if (running === undefined || this.stopping !== undefined) return;
    const nowMs = Date.now();
    running.finder.tick(nowMs);
    running.reachability?.tick(nowMs);
    this.closeStrangers(running, nowMs);
    if (nowMs - this.savedMs >= SAVE_EVERY_MS) this.save(running, nowMs);
  }

  /** Connections that never showed our protocol hold a slot for nothing. */
  private closeStrangers({ node }: Running, nowMs: number): void {
    for (const connection of node.getConnections()) {
      if (this.sessions.has(connection.remotePeer.toString())) continue;
      if (nowMs - connection.timeline.open < this.limits.introductionTimeoutMs) continue;
      this.counters.refused('p2p/no-introduction');
      connection.abort(new Error('p2p/no-introduction'));
    }
  }

  private save(running: Running, nowMs: number): void {
    this.savedMs = nowMs;
    const remembered = {
      peers: running.book.all(),
      bans: running.bans.all(nowMs),
      anchors: running.finder.currentAnchors(),
    };
    this.saving = this.saving
      .then(() => writePeerFile(join(this.options.folder, PEER_FILE), remembered))
      .catch((error: unknown) => this.trouble(error));
  }

  private async end(): Promise<void> {
    const running = this.running;
    if (running === undefined) return;
    clearInterval(running.timer);
    this.save(running, Date.now());
    running.guard.close();
    running.finder.close();
    this.client.close();
    this.server.close();
    await running.node.stop();
    await this.saving;
    for (const peer of [...this.sessions.keys()]) this.disconnected(peer);
  }
}

/** Refuses text that is no multiaddr with a TCP port, before anything starts. @throws AppError `p2p/bad-address` */
export function checkMultiaddrs(addresses: readonly string[], setting: string): void {
  for (const address of addresses) {
    try {
      multiaddr(address);
      if (
        /^\/(ip4|ip6|dns4|dns6|dns)\/[^/]+\/tcp\/\d+(\/p2p\/[^/]+)?(\/p2p-circuit(\/p2p\/[^/]+)?)?$/.test(
          address,
        )
      )
        continue;
    } catch {
      // told below, like an address of another kind
    }
    throw new AppError({
      code: 'p2p/bad-address',
      message: `${setting} names ${JSON.stringify(address)}, which is no address of a node.`,
      next: 'Write /ip4/ADDRESS/tcp/PORT/p2p/PEER-ID (or /dns4/NAME/…); a node tells its own in its log and in GET /v1/peers.',
      data: { address, setting },
    });
  }
}
