import type { NetworkParams } from '../../params/network-params.js';
import { NETWORKS } from '../../params/networks.js';

/** What a vector asks to be judged, by which entry point of the law. */
export type RuleSubject =
  | 'address'
  | 'bits'
  | 'block'
  | 'clock'
  | 'diff'
  | 'header'
  | 'state-object'
  | 'state-proof'
  | 'transaction';

/** One question to the law and its one right answer (docs/protocol/vectors.md). Bytes are hex. */
export interface RuleVector {
  /** The rule whose border this vector stands at. */
  readonly rule: string;
  /** `accept`, or the id of the rule that refuses. */
  readonly verdict: string;
  readonly why: string;
  readonly subject: RuleSubject;
  readonly network: string;
  /** Chain and height after which a header or block is judged. */
  readonly chain?: string;
  readonly height?: number;
  readonly bytes?: string;
  /** For `address`. */
  readonly text?: string;
  /** For `bits`. */
  readonly bits?: number;
  /** For `clock`: the local clock. */
  readonly nowSeconds?: number;
  /** For `state-proof`: what the proof in `bytes` is to show; no value claims that there is no such object. */
  readonly claim?: {
    readonly namespace: number;
    readonly key: string;
    readonly value?: string;
    readonly root: string;
  };
  /** For `state-object`: kind, id and, where the kind has one, lane or slot. */
  readonly object?: Readonly<Record<string, unknown>>;
  /** What acceptance gives: an account, an id, a target, or the state's root after the block. */
  readonly gives?: string;
}

/** A network of vectors: one of the real ones with a few values changed, so that a limit fits in a small file. */
export interface VectorNetwork {
  readonly base: keyof typeof NETWORKS;
  readonly changes: unknown;
}

/** Blocks from height 1 on, or from the height after the one the chain goes on from. */
export interface VectorChain {
  readonly network: string;
  readonly blocks: readonly string[];
}

/** The content of one file of rule vectors. */
export interface RuleVectorFile {
  readonly networks: Readonly<Record<string, VectorNetwork>>;
  readonly chains: Readonly<Record<string, VectorChain>>;
  readonly vectors: readonly RuleVector[];
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function changed(base: unknown, changes: unknown): unknown {
  if (isRecord(base) && isRecord(changes)) {
    const merged: Record<string, unknown> = { ...base };
    for (const [name, change] of Object.entries(changes)) merged[name] = changed(base[name], change);
    return merged;
  }
  if (typeof base === 'bigint') return BigInt(changes as string);
  return changes;
}

/** The parameters of a vector's network. */
export function vectorParams({ base, changes }: VectorNetwork): NetworkParams {
  const params = changed(NETWORKS[base], changes) as NetworkParams;
  const allocations = params.genesis.allocations.map(({ publicKey, amount }) => ({
    publicKey,
    amount: BigInt(amount),
  }));
  return { ...params, genesis: { ...params.genesis, allocations } };
}
