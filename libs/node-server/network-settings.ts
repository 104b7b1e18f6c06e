import { join } from 'node:path';
import type { Config } from '#config';
import { checkMultiaddrs } from '#p2p';
import type { NetworkOptions } from './network.js';

/** An eighth of all connections is of our own choice. */
const OUTBOUND_SHARE = 8;

/** The part of the settings that says how a node takes part in the network. @throws AppError `p2p/bad-address` */
export function networkOptionsOf(config: Config): NetworkOptions {
  const isLoopback = /^(127\.|localhost$|::1$)/.test(config.p2pHost);
  const isPrivateNetwork = config.network === 'devnet';
  checkMultiaddrs(config.p2pBootstrap ?? [], 'CAIRN_P2P_BOOTSTRAP');
  checkMultiaddrs(config.p2pAnnounce ?? [], 'CAIRN_P2P_ANNOUNCE');
  const maxOutbound = Math.max(1, Math.floor(config.p2pMaxPeers / OUTBOUND_SHARE));
  return {
    folder: join(config.dataDir, 'p2p'),
    host: config.p2pHost,
    port: config.p2pPort,
    announce: config.p2pAnnounce ?? [],
    bootstrap: config.p2pBootstrap ?? [],
    discovery: config.p2pDiscovery,
    mdns: config.p2pMdns === 'auto' ? !isPrivateNetwork && !isLoopback : config.p2pMdns === 'on',
    // a relay means nothing to a node that only this machine can reach
    relay: isLoopback ? 'off' : config.p2pRelay,
    isPrivateNetwork,
    limits: { maxOutbound, maxInbound: Math.max(1, config.p2pMaxPeers - maxOutbound) },
  };
}
