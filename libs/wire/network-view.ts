import { z } from 'zod';
import { heightNumber, timeText } from './primitives.js';

const whole = z.number().int().nonnegative();

/** Another node this one is connected to. */
export const networkPeerView = z
  .object({
    peer: z.string().meta({ description: 'libp2p peer id' }),
    address: z.string().meta({ description: 'multiaddr of the connection' }),
    isOutbound: z.boolean().meta({ description: 'whether this node chose it' }),
    isRelayed: z.boolean(),
    connectedAt: timeText,
    agent: z
      .string()
      .nullable()
      .meta({ description: 'as it names itself; null before it introduced itself' }),
    height: heightNumber.nullable(),
    score: z.number().meta({ description: 'faults lately; at 100 it is banned' }),
  })
  .meta({ id: 'NetworkPeer' });
export type NetworkPeerView = z.infer<typeof networkPeerView>;

/** A node's place in the network. */
export const networkView = z
  .object({
    peerId: z.string().meta({ description: 'this node, as others name it' }),
    addresses: z.array(z.string()).meta({ description: 'multiaddrs for the bootstrap lists of others' }),
    peers: z.array(networkPeerView),
    knownPeers: whole.meta({ description: 'peers remembered' }),
    inboundConnections: whole,
    isSyncing: z.boolean(),
    targetHeight: heightNumber.meta({ description: 'of the best headers some peer showed' }),
    bans: z.array(
      z.object({ key: z.string(), kind: z.enum(['peer', 'address']), rule: z.string(), until: timeText }),
    ),
    refusals: z.record(z.string(), whole).meta({ description: 'what was refused since the start, by rule' }),
  })
  .meta({ id: 'Network' });
export type NetworkView = z.infer<typeof networkView>;
