import { genesisBlock, type Law } from '#chain';
import type { ChainAccess } from '#ledger';
import type { Logger } from '#logging';
import { createP2pTransport, type P2pOptions, type P2pStatus, type P2pTransport } from '#p2p';
import { createSyncEngine, type SyncClock, type SyncEngine, type SyncStatus } from '#sync';
import type { NetworkView } from '#wire';

/** Injection token of the node's `NodeNetwork`. */
export const NETWORK = Symbol('NETWORK');

/** How a node takes part in the network. */
export type NetworkOptions = Omit<P2pOptions, 'network' | 'genesisId' | 'logger'>;

export interface NetworkParts {
  readonly law: Law;
  readonly chain: ChainAccess;
  readonly options: NetworkOptions;
  readonly logger: Logger | undefined;
}

/** The node among other nodes: the sync engine on libp2p. */
export interface NodeNetwork {
  view(): NetworkView;
  transport(): P2pStatus;
  sync(): SyncStatus;
  /** Leaves the network; nothing of it runs afterwards. May be called again. */
  stop(): Promise<void>;
}

/** Joins the network. @throws AppError `p2p/listen-failed`, `p2p/bad-node-key` */
export async function joinNetwork({ law, chain, options, logger }: NetworkParts): Promise<NodeNetwork> {
  const { params } = law;
  const transport = createP2pTransport({
    ...options,
    network: params.name,
    genesisId: genesisBlock(law).id,
    ...(logger === undefined ? {} : { logger }),
  });
  const engine = createSyncEngine({
    chain,
    transport,
    law,
    clock: systemClock,
    options: { agent: 'cairn/1' },
    onRefusal: (refusal) => logger?.debug(refusal, 'something a peer sent was refused'),
    onFault: (fault) => logger?.error({ err: fault }, 'the node cannot take what its peers send'),
  });
  await engine.start();
  try {
    await transport.start();
  } catch (error) {
    await engine.stop();
    throw error;
  }
  return {
    view: () => toView(transport.status(), engine.status()),
    transport: () => transport.status(),
    sync: () => engine.status(),
    stop: () => leave(engine, transport),
  };
}

async function leave(engine: SyncEngine, transport: P2pTransport): Promise<void> {
  await engine.stop();
  await transport.stop();
}

const systemClock: SyncClock = {
  nowMs: () => Date.now(),
  after: (ms, callback) => {
    const timer = setTimeout(callback, ms);
    timer.unref();
    return () => clearTimeout(timer);
  },
  random: Math.random,
};

function toView(p2p: P2pStatus, sync: SyncStatus): NetworkView {
  const introduced = new Map(sync.peers.map((peer) => [peer.peer, peer]));
  return {
    peerId: p2p.peerId,
    addresses: [...p2p.addresses],
    peers: p2p.peers.map(({ connectedMs, ...peer }) => ({
      ...peer,
      connectedAt: new Date(connectedMs).toISOString(),
      agent: introduced.get(peer.peer)?.agent ?? null,
      height: introduced.get(peer.peer)?.height ?? null,
    })),
    knownPeers: p2p.knownPeers,
    inboundConnections: p2p.inboundConnections,
    isSyncing: sync.isSyncing,
    targetHeight: sync.targetHeight,
    bans: p2p.bans.map(({ key, kind, rule, untilMs }) => ({
      key,
      kind,
      rule,
      until: new Date(untilMs).toISOString(),
    })),
    refusals: mergeCounts(p2p.refusals, sync.refusals),
  };
}

/** Both count what costs a peer something: the engine reports it to the transport. The larger of the two is the whole. */
function mergeCounts(
  a: Readonly<Record<string, number>>,
  b: Readonly<Record<string, number>>,
): Record<string, number> {
  const merged = new Map(Object.entries(a));
  for (const [rule, count] of Object.entries(b)) merged.set(rule, Math.max(count, merged.get(rule) ?? 0));
  return Object.fromEntries(merged);
}
