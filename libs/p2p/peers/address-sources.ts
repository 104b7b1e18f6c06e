import { randomBytes } from 'node:crypto';
import type { Libp2p } from '@libp2p/interface';
import type { NodeServices } from '../libp2p-node.js';
import type { AddressBook } from './address-book.js';
import { isRelayed, multiaddrToPlace, type NetPlace } from './net-place.js';
import { withoutPeerId } from './peer-finder.js';

export interface AddressSourcesParts {
  readonly node: Libp2p<NodeServices>;
  readonly book: AddressBook;
  /** Nothing is learned: the operator named all peers. */
  readonly isClosed: boolean;
}

/** Feeds the book: what peers say of themselves, the local network, walks through Kademlia. */
export interface AddressSources {
  /** A walk to a random point of the key space. */
  explore(signal: AbortSignal): Promise<void>;
}

/** Where multicast is heard: nowhere but in the own network. */
const LOCAL: NetPlace = { address: 'lan', subnet: 'lan', group: 'lan', isLoopback: true, isPrivate: true };

/** Begins to listen to everything that tells addresses. */
export function watchAddresses({ node, book, isClosed }: AddressSourcesParts): AddressSources {
  const self = node.peerId.toString();
  const learn = (peer: string, addresses: readonly string[], source: NetPlace | undefined): void => {
    if (isClosed || peer === self) return;
    book.learn(peer, addresses.map(withoutPeerId), source, Date.now());
  };
  node.addEventListener('peer:identify', ({ detail }) => {
    const remote = detail.connection.remoteAddr.toString();
    const source = isRelayed(remote) ? undefined : multiaddrToPlace(remote);
    learn(detail.peerId.toString(), detail.listenAddrs.map(String), source);
  });
  node.addEventListener('peer:discovery', ({ detail }) => {
    const isOnLan = detail.multiaddrs.some((address) => multiaddrToPlace(address.toString())?.isPrivate);
    learn(detail.id.toString(), detail.multiaddrs.map(String), isOnLan ? LOCAL : undefined);
  });
  return {
    explore: async (signal) => {
      const { kademlia } = node.services;
      if (kademlia === undefined || node.getConnections().length === 0) return;
      try {
        for await (const event of kademlia.getClosestPeers(randomBytes(32), { signal })) {
          if (event.name !== 'PEER_RESPONSE') continue;
          const from = node.getConnections(event.from)[0]?.remoteAddr.toString();
          const source = from === undefined ? undefined : multiaddrToPlace(from);
          for (const { id, multiaddrs } of event.closer) learn(id.toString(), multiaddrs.map(String), source);
        }
      } catch {
        // a walk that ends early has still told some
      }
    },
  };
}
