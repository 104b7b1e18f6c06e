import type { GossipTopic } from '#sync';

/** The ids under which nodes of one network speak: name and the first 16 digits of the genesis block id. */
export interface ProtocolNames {
  readonly request: string;
  readonly kademlia: string;
  readonly mdnsTag: string;
  readonly topics: Readonly<Record<GossipTopic, string>>;
}

const GENESIS_DIGITS = 16;

/** Fixed in docs/protocol/network.md. */
export function createProtocolNames(network: string, genesisId: string): ProtocolNames {
  const prefix = `/cairn/${network}/${genesisId.slice(0, GENESIS_DIGITS)}`;
  return {
    request: `${prefix}/request/1`,
    kademlia: `${prefix}/kad/1`,
    mdnsTag: `_cairn-${network}-${genesisId.slice(0, GENESIS_DIGITS)}._udp.local`,
    topics: { blocks: `${prefix}/blocks/1`, transactions: `${prefix}/transactions/1` },
  };
}

/** Whether a peer's protocols are those of Cairn at all: then it is of another network rather than of another kind. */
export function isCairnProtocol(protocol: string): boolean {
  return protocol.startsWith('/cairn/');
}
