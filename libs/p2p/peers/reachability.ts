import type { Libp2p } from '@libp2p/interface';
import { multiaddr } from '@multiformats/multiaddr';
import type { NodeServices } from '../libp2p-node.js';
import { isRelayed, multiaddrToPlace } from './net-place.js';

const RETRY_MS = 30_000;

/**
 * A node nobody reaches directly asks its relays for a place. AutoNAT (our peers calling us back) decides: an address
 * it confirmed is among those the library announces.
 */
export class Reachability {
  private askedMs: number;
  private isSearching = false;

  constructor(
    private readonly node: Libp2p<NodeServices>,
    afterMs: number,
    nowMs: number,
  ) {
    this.askedMs = nowMs + afterMs - RETRY_MS;
  }

  tick(nowMs: number): void {
    if (nowMs - this.askedMs < RETRY_MS || this.isSearching || this.node.getConnections().length === 0)
      return;
    this.askedMs = nowMs;
    const addresses = this.node.getMultiaddrs().map(String);
    const isReached = addresses.some(
      (address) => !isRelayed(address) && multiaddrToPlace(address)?.isPrivate === false,
    );
    if (isReached || addresses.some(isRelayed)) return;
    this.isSearching = true; // the library goes on looking until it has a place
    this.node.services.transports.listen([multiaddr('/p2p-circuit')]).catch(() => {
      this.isSearching = false;
    });
  }
}
