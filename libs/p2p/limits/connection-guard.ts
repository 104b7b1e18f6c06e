import type { ConnectionGater, MultiaddrConnection, PeerId } from '@libp2p/interface';
import type { P2pCounters } from '../p2p-counters.js';
import type { P2pLimits } from '../p2p-limits.js';
import { isRelayed, multiaddrToPeerId, multiaddrToPlace, type NetPlace } from '../peers/net-place.js';
import { chooseEviction } from '../peers/peer-choice.js';
import type { BanList } from './ban-list.js';
import { TokenBucket } from './token-bucket.js';

interface Inbound {
  readonly place: NetPlace;
  readonly sinceMs: number;
  readonly connection: MultiaddrConnection;
  peer: string | undefined;
}

const UNKNOWN: NetPlace = {
  address: 'unknown',
  subnet: 'unknown',
  group: 'unknown',
  isLoopback: false,
  isPrivate: false,
};
/** Addresses whose rate is remembered. */
const MAX_RATES = 4_096;

/**
 * Who may connect. Sockets are counted from their first byte, so half-open and silent ones take slots of their own
 * address and nobody else's.
 */
export class ConnectionGuard {
  private readonly inbound = new Map<string, Inbound>();
  private readonly rates = new Map<string, TokenBucket>();
  private isClosed = false;
  private serial = 0;

  constructor(
    private readonly limits: P2pLimits,
    private readonly bans: BanList,
    private readonly counters: P2pCounters,
  ) {}

  /** libp2p asks this; true denies. */
  gater(): ConnectionGater {
    return {
      denyDialPeer: (peer) => this.isPeerBanned(peer.toString()),
      denyDialMultiaddr: (address) => this.isAddressBanned(address.toString()),
      denyInboundConnection: (connection) => this.deny(this.judge(connection)),
      denyInboundEncryptedConnection: (peer, connection) => this.deny(this.judgePeer(peer, connection)),
      denyOutboundEncryptedConnection: (peer) =>
        this.deny(this.isPeerBanned(peer.toString()) ? 'p2p/banned' : undefined),
      denyInboundRelayReservation: (peer) => this.isPeerBanned(peer.toString()),
      denyOutboundRelayedConnection: (from, to) =>
        this.isPeerBanned(from.toString()) || this.isPeerBanned(to.toString()),
      denyInboundRelayedConnection: (_relay, peer) =>
        this.deny(this.isPeerBanned(peer.toString()) ? 'p2p/banned' : undefined),
      filterMultiaddrForPeer: () => true,
    };
  }

  /** No connection comes in any more. */
  close(): void {
    this.isClosed = true;
  }

  /** Inbound connections now, those not yet authenticated among them. */
  get inboundCount(): number {
    return this.inbound.size;
  }

  private deny(rule: string | undefined): boolean {
    if (rule !== undefined) this.counters.refused(rule);
    return rule !== undefined;
  }

  private judge(connection: MultiaddrConnection): string | undefined {
    if (this.isClosed) return 'p2p/stopping';
    const nowMs = Date.now();
    const text = connection.remoteAddr.toString();
    // what comes through a relay is placed by the peer at its end: the relay's address says nothing about it
    const place = isRelayed(text) ? relayedPlace(text) : (multiaddrToPlace(text) ?? UNKNOWN);
    if (this.bans.isBanned(place.address, nowMs)) return 'p2p/banned';
    if (!this.rateOf(place.address, nowMs).take(1, nowMs)) return 'p2p/connection-rate';
    const { maxPerAddress, maxPerSubnet, maxInbound } = this.limits;
    if (this.count((one) => one.place.address === place.address) >= maxPerAddress)
      return 'p2p/connections-per-address';
    if (this.count((one) => one.place.subnet === place.subnet) >= maxPerSubnet)
      return 'p2p/connections-per-subnet';
    if (this.inbound.size >= maxInbound && !this.evictFor(place)) return 'p2p/connections-full';
    this.admit(connection, place, nowMs);
    return undefined;
  }

  private judgePeer(peer: PeerId, connection: MultiaddrConnection): string | undefined {
    const id = peer.toString();
    if (this.isPeerBanned(id)) return 'p2p/banned';
    for (const one of this.inbound.values()) if (one.connection === connection) one.peer = id;
    return undefined;
  }

  private admit(connection: MultiaddrConnection, place: NetPlace, nowMs: number): void {
    this.serial += 1;
    const id = String(this.serial);
    this.inbound.set(id, { place, sinceMs: nowMs, connection, peer: undefined });
    connection.addEventListener('close', () => void this.inbound.delete(id), { once: true });
  }

  private evictFor(newcomer: NetPlace): boolean {
    const chosen = chooseEviction(
      [...this.inbound].map(([id, { place, sinceMs }]) => ({ id, group: place.group, sinceMs })),
      newcomer.group,
    );
    const evicted = chosen === undefined ? undefined : this.inbound.get(chosen.id);
    if (chosen === undefined || evicted === undefined) return false;
    this.inbound.delete(chosen.id);
    this.counters.refused('p2p/evicted');
    evicted.connection.abort(new Error('its slot is given to a peer of a less crowded network'));
    return true;
  }

  private count(belongs: (one: Inbound) => boolean): number {
    let count = 0;
    for (const one of this.inbound.values()) if (belongs(one)) count += 1;
    return count;
  }

  private rateOf(address: string, nowMs: number): TokenBucket {
    const rate = this.rates.get(address) ?? new TokenBucket(this.limits.connectionRate, nowMs);
    this.rates.delete(address);
    this.rates.set(address, rate);
    if (this.rates.size > MAX_RATES) this.rates.delete(this.rates.keys().next().value!);
    return rate;
  }

  private isPeerBanned(peer: string): boolean {
    return this.bans.isBanned(peer, Date.now());
  }

  private isAddressBanned(text: string): boolean {
    const place = multiaddrToPlace(text);
    return place !== undefined && !isRelayed(text) && this.bans.isBanned(place.address, Date.now());
  }
}

function relayedPlace(text: string): NetPlace {
  const peer = multiaddrToPeerId(text) ?? 'relayed';
  const relay = text.split('/p2p-circuit')[0] ?? '';
  return { ...UNKNOWN, address: peer, subnet: `relayed by ${relay}`, group: `relayed by ${relay}` };
}
