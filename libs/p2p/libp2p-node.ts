import { circuitRelayServer, circuitRelayTransport } from '@libp2p/circuit-relay-v2';
import { dcutr } from '@libp2p/dcutr';
import type { GossipSub } from '@libp2p/gossipsub';
import { identify, identifyPush } from '@libp2p/identify';
import type { ConnectionGater, Libp2p, PrivateKey } from '@libp2p/interface';
import { type KadDHT, kadDHT, passthroughMapper, removePrivateAddressesMapper } from '@libp2p/kad-dht';
import { mdns } from '@libp2p/mdns';
import { noise } from '@libp2p/noise';
import { ping } from '@libp2p/ping';
import { tcp } from '@libp2p/tcp';
import { yamux } from '@libp2p/yamux';
import type { Multiaddr } from '@multiformats/multiaddr';
import { createLibp2p } from 'libp2p';
import { AppError } from '#errors';
import { BoundedDatastore } from './bounded-datastore.js';
import { createCallBackService } from './call-back.js';
import type { P2pLimits } from './p2p-limits.js';
import type { P2pOptions } from './p2p-options.js';
import type { ProtocolNames } from './protocol-names.js';
import { createGossipService } from './streams/gossip.js';

/** The part of the library that listens. */
interface TransportManager {
  listen(addresses: Multiaddr[]): Promise<void>;
  getAddrs(): Multiaddr[];
}

/** The services of a node that the transport talks to. */
export type NodeServices = {
  gossip: GossipSub;
  kademlia?: KadDHT;
  transports: TransportManager;
};

export interface LibraryParts {
  readonly options: P2pOptions;
  readonly limits: P2pLimits;
  readonly names: ProtocolNames;
  readonly key: PrivateKey;
  readonly gater: ConnectionGater;
}

/** Connections beyond the slots: relays, Kademlia's questions, feelers. */
const SPARE_CONNECTIONS = 24;
/** Sockets that wait for the handshake; each address has its own limit below that. */
const MAX_PENDING = 64;
const MAX_STORED_PEERS = 4_096;
const RELAYED_BYTES = 64n * 1_024n * 1_024n;
const RELAYED_SECONDS = 60 * 60;

/**
 * Starts libp2p with what a node needs: TCP, Noise, Yamux, gossipsub, Kademlia, and the means against NAT.
 * @throws AppError `p2p/listen-failed`
 */
export async function startLibp2p(parts: LibraryParts): Promise<Libp2p<NodeServices>> {
  const { options, limits, names } = parts;
  const isFinding = options.discovery !== 'bootstrap';
  const isRelaying = options.relay !== undefined && options.relay !== 'off';
  const listen = listenAddress(options.host, options.port);
  const node = await createLibp2p<NodeServices>({
    start: false,
    privateKey: parts.key,
    nodeInfo: { name: 'cairn', version: '1', userAgent: 'cairn/1' },
    datastore: new BoundedDatastore(MAX_STORED_PEERS),
    addresses: { listen: [listen], ...(options.announce?.length ? { announce: [...options.announce] } : {}) },
    connectionGater: parts.gater,
    connectionManager: {
      maxConnections: limits.maxInbound + limits.maxOutbound + SPARE_CONNECTIONS,
      maxIncomingPendingConnections: MAX_PENDING,
      inboundConnectionThreshold: Number.MAX_SAFE_INTEGER, // the guard counts, and says so in the metrics
      inboundUpgradeTimeout: limits.upgradeTimeoutMs,
      inboundStreamProtocolNegotiationTimeout: limits.requestTimeoutMs,
      dialTimeout: 10_000,
      addressDialTimeout: 5_000,
      maxParallelDials: 16,
      maxDialQueueLength: 64,
      reconnectRetries: 0, // whom to call again is our finder's decision
    },
    transports: [
      tcp({ maxConnections: 4 * (limits.maxInbound + MAX_PENDING), backlog: 256 }),
      ...(isRelaying ? [circuitRelayTransport({ maxInboundStopStreams: 16 })] : []),
    ],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux({ maxInboundStreams: 128 })],
    peerDiscovery: options.mdns ? [mdns({ serviceTag: names.mdnsTag, interval: 20_000 })] : [],
    services: {
      identify: identify(),
      identifyPush: identifyPush(),
      ping: ping({ maxInboundStreams: 2 }),
      gossip: createGossipService(names, limits),
      // not the manager itself: what is a service is started, and it is started already
      transports: ({ transportManager }: { transportManager: TransportManager }): TransportManager => ({
        listen: (addresses) => transportManager.listen(addresses),
        getAddrs: () => transportManager.getAddrs(),
      }),
      ...(isFinding ? { kademlia: kadDHT(kademliaOptions(parts)) } : {}),
      ...(isRelaying ? { dcutr: dcutr(), autonat: createCallBackService() } : {}),
      ...(options.relay === 'server' ? { relay: relayServer() } : {}),
    } as never, // optional services are not in the library's type of the whole
  });
  try {
    await node.start();
  } catch (error) {
    await Promise.resolve(node.stop()).catch(() => undefined);
    throw new AppError({
      code: 'p2p/listen-failed',
      message: `The node cannot listen for peers on ${listen}: ${error instanceof Error ? error.message : String(error)}.`,
      next: 'Set CAIRN_P2P_PORT to a free port (0 takes any) and CAIRN_P2P_HOST to an address of this machine.',
      data: { host: options.host, port: options.port },
      cause: error,
    });
  }
  return node;
}

function kademliaOptions({ options, names, limits }: LibraryParts): Parameters<typeof kadDHT>[0] {
  return {
    protocol: names.kademlia,
    clientMode: false,
    peerInfoMapper: options.isPrivateNetwork ? passthroughMapper : removePrivateAddressesMapper,
    validators: {},
    selectors: {},
    maxInboundStreams: 8,
    pingOldContactMaxQueueSize: 32,
    pingNewContactMaxQueueSize: 32,
    routingTableUpdateMaxQueueSize: 256,
    alpha: Math.min(4, limits.maxOutbound || 1),
  };
}

function relayServer(): ReturnType<typeof circuitRelayServer> {
  return circuitRelayServer({
    maxInboundHopStreams: 32,
    reservations: {
      maxReservations: 32,
      defaultDataLimit: RELAYED_BYTES,
      defaultDurationLimit: RELAYED_SECONDS * 1_000,
    },
  });
}

function listenAddress(host: string, port: number): string {
  return `/${host.includes(':') ? 'ip6' : 'ip4'}/${host === 'localhost' ? '127.0.0.1' : host}/tcp/${port}`;
}
