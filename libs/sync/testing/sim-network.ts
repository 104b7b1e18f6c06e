import { createHash } from 'node:crypto';
import { AppError } from '#errors';
import type { GossipTopic, Offence, PeerRef, SyncTransport, TransportHandler } from '../ports.js';
import type { EventLog } from './event-log.js';
import type { VirtualClock } from './virtual-clock.js';

export interface NetworkConditions {
  /** One way, between two nodes, drawn once per link. */
  readonly latencyMs: readonly [number, number];
  /** Share of messages that get lost. */
  readonly loss: number;
  /** Of each direction of a link. */
  readonly bytesPerMs: number;
  /** Connections a node opens. */
  readonly outbound: number;
  readonly banMs: number;
}

interface Link {
  readonly latencyMs: number;
  /** When the wire is free again, per direction. */
  readonly freeAtMs: Map<PeerRef, number>;
}

const DIAL_EVERY_MS = 3_000;
const MAX_SEEN = 50_000;

/** The wires: latency, loss, bandwidth, partitions, and what a transport does about offences. */
export class SimNetwork {
  private readonly ports = new Map<PeerRef, SimTransport>();
  private readonly links = new Map<string, Link>();
  private side = new Map<PeerRef, number>();
  bytesSent = 0;
  messages = 0;
  bans = 0;

  constructor(
    readonly clock: VirtualClock,
    readonly conditions: NetworkConditions,
    readonly log: EventLog,
  ) {}

  /** A node joins; it dials others by itself until it leaves. */
  join(ref: PeerRef): SimTransport {
    const transport = new SimTransport(ref, this);
    this.ports.set(ref, transport);
    return transport;
  }

  leave(ref: PeerRef): void {
    const transport = this.ports.get(ref);
    if (transport === undefined) return;
    transport.close();
    this.ports.delete(ref);
  }

  port(ref: PeerRef): SimTransport | undefined {
    return this.ports.get(ref);
  }

  refs(): PeerRef[] {
    return [...this.ports.keys()];
  }

  /** Cuts the network in two; those not named are on side 0. */
  partition(away: readonly PeerRef[]): void {
    this.side = new Map(away.map((ref) => [ref, 1]));
    for (const port of this.ports.values())
      for (const other of port.peers()) if (!this.isReachable(port.ref, other)) port.drop(other);
  }

  heal(): void {
    this.side.clear();
  }

  isReachable(a: PeerRef, b: PeerRef): boolean {
    return (this.side.get(a) ?? 0) === (this.side.get(b) ?? 0);
  }

  /** Carries bytes; `deliver` is called when they arrive, or never. */
  send(from: PeerRef, to: PeerRef, what: string, bytes: Uint8Array, deliver: () => void): void {
    const { clock, conditions, log } = this;
    this.bytesSent += bytes.length;
    this.messages += 1;
    if (clock.random() < conditions.loss) {
      log.add(clock.nowMs(), `lost ${from}>${to} ${what}`, bytes);
      return;
    }
    const link = this.link(from, to);
    const start = Math.max(clock.nowMs(), link.freeAtMs.get(from) ?? 0);
    const sent = start + bytes.length / conditions.bytesPerMs;
    link.freeAtMs.set(from, sent);
    clock.after(sent + link.latencyMs - clock.nowMs(), () => {
      if (this.ports.get(to)?.isConnected(from) !== true) return;
      log.add(clock.nowMs(), `${from}>${to} ${what}`, bytes);
      deliver();
    });
  }

  private link(a: PeerRef, b: PeerRef): Link {
    const key = a < b ? `${a}|${b}` : `${b}|${a}`;
    const known = this.links.get(key);
    if (known !== undefined) return known;
    const [least, most] = this.conditions.latencyMs;
    const link = { latencyMs: least + this.clock.random() * (most - least), freeAtMs: new Map() };
    this.links.set(key, link);
    return link;
  }
}

/** One node's end of the wires. */
export class SimTransport implements SyncTransport {
  private handler: TransportHandler | undefined;
  private readonly connections = new Map<PeerRef, { readonly isOutbound: boolean }>();
  private readonly scores = new Map<PeerRef, number>();
  private readonly bannedUntil = new Map<PeerRef, number>();
  private readonly seen = new Set<string>();
  /** What waits for an answer, to be told when its peer goes. */
  private readonly pending = new Map<
    number,
    { readonly peer: PeerRef; readonly fail: (code: string) => void }
  >();
  private asked = 0;
  private stopDialling: (() => void) | undefined;
  isClosed = false;
  /** Tests of lying nodes: changes what this node answers. */
  tamper: ((answer: Uint8Array) => Uint8Array) | undefined;

  constructor(
    readonly ref: PeerRef,
    private readonly network: SimNetwork,
  ) {}

  attach(handler: TransportHandler): void {
    this.handler = handler;
    this.dial();
  }

  peers(): PeerRef[] {
    return [...this.connections.keys()];
  }

  isConnected(peer: PeerRef): boolean {
    return this.connections.has(peer);
  }

  isBanned(peer: PeerRef): boolean {
    return (this.bannedUntil.get(peer) ?? 0) > this.network.clock.nowMs();
  }

  request(
    peer: PeerRef,
    bytes: Uint8Array,
    options: { readonly timeoutMs: number; readonly maxAnswerBytes: number; readonly signal?: AbortSignal },
  ): Promise<Uint8Array> {
    const { clock } = this.network;
    return new Promise((resolve, reject) => {
      const number = this.asked++;
      const fail = (code: string): void => {
        this.pending.delete(number);
        cancel();
        reject(new AppError({ code, message: `${this.ref} asked ${peer}: ${code}` }));
      };
      const cancel = clock.after(options.timeoutMs, () => fail('sync/timeout'));
      this.pending.set(number, { peer, fail });
      options.signal?.addEventListener('abort', () => this.pending.get(number)?.fail('sync/aborted'));
      if (!this.connections.has(peer)) {
        fail('sync/peer-gone');
        return;
      }
      this.network.send(this.ref, peer, `ask ${bytes[0]}`, bytes, () => {
        const other = this.network.port(peer);
        void other?.handler?.request(this.ref, bytes).then((plain) => {
          const answer = other.tamper?.(plain) ?? plain;
          this.network.send(peer, this.ref, `answer ${answer[0]}`, answer, () => {
            if (!this.pending.has(number)) return;
            if (answer.length > options.maxAnswerBytes) {
              fail('sync/answer-too-large');
              return;
            }
            this.pending.delete(number);
            cancel();
            resolve(answer);
          });
        });
      });
    });
  }

  publish(topic: GossipTopic, bytes: Uint8Array): void {
    const id = messageId(topic, bytes);
    if (this.seen.has(id)) return;
    this.remember(id);
    this.spread(topic, bytes, undefined);
  }

  report(peer: PeerRef, { rule, weight }: Offence): void {
    const { clock, log, conditions } = this.network;
    const score = (this.scores.get(peer) ?? 0) + weight;
    this.scores.set(peer, score);
    log.add(clock.nowMs(), `${this.ref} reports ${peer} ${rule} ${weight}`);
    if (score < 100) return;
    this.scores.delete(peer);
    this.bannedUntil.set(peer, clock.nowMs() + conditions.banMs);
    this.network.bans += 1;
    this.drop(peer);
  }

  disconnect(peer: PeerRef, reason: string): void {
    this.network.log.add(this.network.clock.nowMs(), `${this.ref} leaves ${peer} ${reason}`);
    this.drop(peer);
  }

  /** Ends a connection at both ends. */
  drop(peer: PeerRef): void {
    this.gone(peer);
    this.network.port(peer)?.gone(this.ref);
  }

  /** Opens a connection, if both ends agree. */
  connect(peer: PeerRef): boolean {
    const other = this.network.port(peer);
    const isRefused =
      other?.handler === undefined ||
      peer === this.ref ||
      this.connections.has(peer) ||
      this.isBanned(peer) ||
      other.isBanned(this.ref) ||
      !this.network.isReachable(this.ref, peer);
    if (isRefused) return false;
    this.connections.set(peer, { isOutbound: true });
    other.connections.set(this.ref, { isOutbound: false });
    this.network.log.add(this.network.clock.nowMs(), `${this.ref} connects ${peer}`);
    other.handler?.connected(this.ref, false);
    this.handler?.connected(peer, true);
    return true;
  }

  close(): void {
    this.isClosed = true;
    this.stopDialling?.();
    for (const peer of this.peers()) this.drop(peer);
    for (const { fail } of [...this.pending.values()]) fail('sync/peer-gone');
    this.handler = undefined;
  }

  private gone(peer: PeerRef): void {
    if (!this.connections.delete(peer)) return;
    for (const waiting of [...this.pending.values()])
      if (waiting.peer === peer) waiting.fail('sync/peer-gone');
    this.handler?.disconnected(peer);
  }

  private spread(topic: GossipTopic, bytes: Uint8Array, except: PeerRef | undefined): void {
    for (const peer of this.peers()) {
      if (peer === except) continue;
      this.network.send(this.ref, peer, `tell ${topic}`, bytes, () =>
        this.network.port(peer)?.heard(this.ref, topic, bytes),
      );
    }
  }

  private heard(from: PeerRef, topic: GossipTopic, bytes: Uint8Array): void {
    const id = messageId(topic, bytes);
    if (this.seen.has(id) || this.handler === undefined) return;
    this.remember(id);
    void this.handler.published(from, topic, bytes).then((verdict) => {
      this.network.log.add(this.network.clock.nowMs(), `${this.ref} ${verdict} ${topic} of ${from}`);
      if (verdict === 'accept' && !this.isClosed) this.spread(topic, bytes, from);
    });
  }

  private remember(id: string): void {
    this.seen.add(id);
    if (this.seen.size > MAX_SEEN)
      for (const oldest of this.seen) {
        this.seen.delete(oldest);
        break;
      }
  }

  private dial(): void {
    if (this.isClosed) return;
    const { clock, conditions } = this.network;
    const others = this.network.refs().filter((ref) => ref !== this.ref && !this.connections.has(ref));
    let open = [...this.connections.values()].filter(({ isOutbound }) => isOutbound).length;
    while (open < conditions.outbound && others.length > 0) {
      const [peer] = others.splice(Math.floor(clock.random() * others.length), 1);
      if (peer !== undefined && this.connect(peer)) open += 1;
    }
    this.stopDialling = clock.after(DIAL_EVERY_MS * (0.5 + clock.random()), () => this.dial());
  }
}

function messageId(topic: GossipTopic, bytes: Uint8Array): string {
  return `${topic}:${createHash('sha256').update(bytes).digest('hex').slice(0, 24)}`;
}
