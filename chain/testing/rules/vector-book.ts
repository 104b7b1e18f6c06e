import { bytesToHex } from '#crypto';
import { nativeCrypto } from '#crypto-native';
import type { BlockHeader } from '../../block/header.js';
import { encodeHeader } from '../../block/header.js';
import { createLaw, type Law, type LawModule } from '../../law/law.js';
import type { NetworkParams } from '../../params/network-params.js';
import type { KnownTransaction } from '../../tx/transaction.js';
import { createMemoryChain, type MemoryChain } from '../memory-chain.js';
import { type BlockChanges, mineTemplate } from '../mine-block.js';
import { type JudgeOther, judgeVector } from './judge-vector.js';
import {
  type RuleVector,
  type RuleVectorFile,
  type VectorChain,
  type VectorNetwork,
  vectorParams,
} from './rule-vector.js';

/** The devnet with a target that one hash in two meets: real proof of work, no waiting. */
export const EASY: VectorNetwork = {
  base: 'devnet',
  changes: { proofOfWork: { genesisBits: 0x207f_ffff, limitBits: 0x207f_ffff } },
};

type Question = Omit<RuleVector, 'gives' | 'network' | 'rule' | 'verdict' | 'why'> & {
  readonly network?: string;
};

interface Known {
  readonly name: string;
  readonly network: string;
  readonly chain: MemoryChain;
  height: number;
}

/**
 * Collects vectors while a scenario runs: each is judged as it is written down, so that none can be wrong about its
 * own verdict; chains are kept up to the last height a vector asks about.
 */
export class VectorBook {
  private readonly networks = new Map<string, VectorNetwork>();
  private readonly chains = new Map<MemoryChain, Known>();
  private readonly vectors: RuleVector[] = [];

  constructor(
    readonly modules: readonly LawModule[] = [],
    private readonly judgeOther?: JudgeOther,
  ) {}

  /** Names a network; the parameters come back. */
  network(name: string, network: VectorNetwork): NetworkParams {
    this.networks.set(name, network);
    return vectorParams(network);
  }

  /** A fresh chain on a named network. */
  chain(name: string, network: string): MemoryChain {
    return this.adopt(name, network, createMemoryChain(this.modules, this.params(network)));
  }

  /** Takes a chain that a scenario made; it must only grow from now on. */
  adopt(name: string, network: string, chain: MemoryChain): MemoryChain {
    this.chains.set(chain, { name, network, chain, height: 0 });
    return chain;
  }

  /** The law of a named network, contracts included where the book has them. */
  law(network: string): Law {
    return createLaw(this.params(network), nativeCrypto, this.modules);
  }

  /** Writes a question down with the answer expected, and sees that the law gives it. */
  ask(rule: string, verdict: string, why: string, question: Question, chain?: MemoryChain): void {
    const known = chain && this.chains.get(chain);
    const network = known?.network ?? question.network;
    if (network === undefined) throw new Error(`no network for '${why}'`);
    const place = known && chain ? { chain: known.name, height: chain.height } : {};
    const { subject, ...rest } = question;
    const asked: RuleVector = { rule, verdict, why, subject, ...rest, network, ...place };
    const judgement = judgeVector(asked, chain?.law ?? this.law(network), chain, this.judgeOther);
    if (judgement.verdict !== verdict)
      throw new Error(`${rule}, '${why}': ${verdict} expected, the law says ${judgement.verdict}`);
    if (known && chain) known.height = Math.max(known.height, chain.height);
    this.vectors.push(judgement.gives === undefined ? asked : { ...asked, gives: judgement.gives });
  }

  /** A block of exactly these transactions, right but for the changes. */
  block(
    rule: string,
    verdict: 'accept' | 'refuse',
    why: string,
    chain: MemoryChain,
    transactions: readonly KnownTransaction[] = [],
    changes: BlockChanges = {},
  ): void {
    const fees = transactions.reduce((sum, { transaction }) => sum + transaction.fee, 0n);
    const coinbase = { ...(verdict === 'accept' ? {} : { fees }), ...changes.coinbase };
    const candidates = verdict === 'accept' ? transactions : [];
    const { bytes } = chain.draft(candidates, { transactions, ...changes, coinbase });
    this.raw(rule, verdict, why, chain, bytes);
  }

  /** A block of any bytes. */
  raw(rule: string, verdict: 'accept' | 'refuse', why: string, chain: MemoryChain, bytes: Uint8Array): void {
    const expected = verdict === 'accept' ? 'accept' : rule;
    this.ask(rule, expected, why, { subject: 'block', bytes: bytesToHex(bytes) }, chain);
  }

  /** Bytes of the block that a law with more room would take: `extraBytes` of its coinbase are free. */
  larger(
    chain: MemoryChain,
    roomy: Law,
    transactions: readonly KnownTransaction[],
    extraBytes: number,
  ): Uint8Array {
    const time = chain.tip.block.header.time + 1;
    const changes = { coinbase: { extra: new Uint8Array(extraBytes) } };
    const block = mineTemplate(roomy, chain.template(), time, { transactions, ...changes });
    if (!block.ok) throw new Error(block.violation.rule);
    return block.value.bytes;
  }

  /** A header after a chain's tip. */
  header(
    rule: string,
    verdict: 'accept' | 'refuse',
    why: string,
    chain: MemoryChain,
    changes: BlockChanges,
  ): void {
    const header: BlockHeader = chain.draft([], changes).header;
    const expected = verdict === 'accept' ? 'accept' : rule;
    this.ask(rule, expected, why, { subject: 'header', bytes: bytesToHex(encodeHeader(header)) }, chain);
  }

  /** A transaction by its bytes: form and signatures only. */
  transaction(
    rule: string,
    verdict: 'accept' | 'refuse',
    why: string,
    network: string,
    bytes: Uint8Array,
  ): void {
    const expected = verdict === 'accept' ? 'accept' : rule;
    this.ask(rule, expected, why, { subject: 'transaction', network, bytes: bytesToHex(bytes) });
  }

  /** The file's content. */
  finish(): RuleVectorFile {
    const chains: Record<string, VectorChain> = {};
    for (const { name, network, chain, height } of this.chains.values()) {
      const blocks: string[] = [];
      for (let at = 1; at <= height; at++) blocks.push(bytesToHex(chain.at(at).block.bytes));
      chains[name] = { network, blocks };
    }
    return { networks: Object.fromEntries(this.networks), chains, vectors: this.vectors };
  }

  private params(network: string): NetworkParams {
    const known = this.networks.get(network);
    if (known === undefined) throw new Error(`no network '${network}' in this book`);
    return vectorParams(known);
  }
}
