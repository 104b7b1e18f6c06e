import type { P2pLimits } from './p2p-limits.js';

/** What the transport tells people. */
export interface P2pLogger {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  debug(fields: object, message: string): void;
}

export interface P2pOptions {
  /** Name and genesis block of the network: part of every protocol id, so that foreign networks never talk. */
  readonly network: string;
  readonly genesisId: string;
  /** A folder for the key and the remembered peers, for this node alone. */
  readonly folder: string;
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  /** Multiaddrs under which others reach this node, where those it listens on are not the ones. */
  readonly announce?: readonly string[];
  /** Multiaddrs of nodes to begin with. */
  readonly bootstrap?: readonly string[];
  /** `bootstrap`: call nobody but the bootstrap list. Default `all`. */
  readonly discovery?: 'all' | 'bootstrap';
  /** Looks for nodes in the local network. Default false. */
  readonly mdns?: boolean;
  /** `client`: be reached through a relay while nobody reaches us directly; `server`: relay for others. Default `off`. */
  readonly relay?: 'off' | 'client' | 'server';
  /** Addresses of private networks are worth telling: a devnet, a network in a laboratory. Default false. */
  readonly isPrivateNetwork?: boolean;
  /** How long after the start to ask a relay for a place, if nobody has confirmed that we are reached. Default 10 s. */
  readonly relayAfterMs?: number;
  readonly limits?: Partial<P2pLimits>;
  readonly logger?: P2pLogger;
}
