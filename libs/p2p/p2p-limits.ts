import type { Rate } from './limits/token-bucket.js';

/** What one node grants to others. All have defaults; a test or an operator changes single ones. */
export interface P2pLimits {
  readonly maxInbound: number;
  /** Peers that this node chooses and calls. */
  readonly maxOutbound: number;
  /** Inbound connections of one address, of one subnet (/24, /48); those not yet authenticated count too. */
  readonly maxPerAddress: number;
  readonly maxPerSubnet: number;
  /** New inbound connections of one address. */
  readonly connectionRate: Rate;
  /** Requests of one peer: at once, and over time. What is too fast waits; what is too many is refused. */
  readonly maxRequestsInFlight: number;
  readonly requestRate: Rate;
  /** Bytes answered to one peer; what is above waits. */
  readonly answerRate: Rate;
  readonly maxRequestBytes: number;
  /** Until a request is here in full, until an answer has left. */
  readonly requestTimeoutMs: number;
  readonly answerTimeoutMs: number;
  /** Messages and bytes told by one peer. */
  readonly gossipRate: Rate;
  readonly gossipByteRate: Rate;
  readonly maxGossipBytes: { readonly blocks: number; readonly transactions: number };
  /** Until a new connection is authenticated; until it has shown that it speaks our protocol. */
  readonly upgradeTimeoutMs: number;
  readonly introductionTimeoutMs: number;
}

const MIB = 2 ** 20;

/** Sized for 2 MB blocks once a minute and a sync at full speed from a few peers. */
export const DEFAULT_P2P_LIMITS: P2pLimits = {
  maxInbound: 56,
  maxOutbound: 8,
  maxPerAddress: 4,
  maxPerSubnet: 8,
  connectionRate: { perSecond: 0.5, burst: 8 },
  maxRequestsInFlight: 16,
  requestRate: { perSecond: 100, burst: 400 },
  answerRate: { perSecond: 32 * MIB, burst: 128 * MIB },
  maxRequestBytes: 512 * 1_024,
  requestTimeoutMs: 10_000,
  answerTimeoutMs: 60_000,
  gossipRate: { perSecond: 200, burst: 2_000 },
  gossipByteRate: { perSecond: 2 * MIB, burst: 16 * MIB },
  maxGossipBytes: { blocks: MIB, transactions: 256 * 1_024 },
  upgradeTimeoutMs: 8_000,
  introductionTimeoutMs: 15_000,
};

/** A devnet lives on one machine: all of its peers have one address. */
export const LOOPBACK_P2P_LIMITS: P2pLimits = {
  ...DEFAULT_P2P_LIMITS,
  maxPerAddress: 32,
  maxPerSubnet: 32,
  connectionRate: { perSecond: 10, burst: 64 },
};
