import {
  type AccountId,
  type BlockId,
  type BlockTemplate,
  bitsToTarget,
  buildTemplate,
  decodeHeader,
  EXTRANONCE_OFFSET,
  encodeBlock,
  encodeCoinbase,
  encodeHeader,
  hashToBlockId,
  type Law,
  targetToBytes,
} from '#chain';
import { bytesToHex } from '#crypto';
import { accepted, assertInvariant, type Result, refused } from '#errors';
import type { TemplateView } from '#wire';
import type { ChainManager } from '../chain/chain-manager.js';
import type { Mempool } from '../mempool/mempool.js';

/** Stands where each miner's own account goes: all miners of a node work on the same body. */
const NOBODY = '00'.repeat(20) as AccountId;

/** How many templates stay findable for a miner that is a little late. Asking in many names makes no more of them. */
const KEPT_TEMPLATES = 128;

/** What a miner gave back for a template. */
export interface Solution {
  readonly templateId: string;
  /** 80 bytes with time, rolled version bits and nonce as hashed. */
  readonly header: Uint8Array;
  /** The template's coinbase with the extranonce filled in. */
  readonly coinbase: Uint8Array;
}

export interface TemplatesOptions {
  readonly law: Law;
  readonly chain: Pick<ChainManager, 'tip' | 'state' | 'tipSupplement'>;
  readonly mempool: Mempool;
  /** Seconds since 1970. */
  readonly clock: () => number;
  /** Milliseconds of a clock that never goes back. */
  readonly nowMs?: () => number;
}

/** A template that took longer than this to make is not made anew for every transaction that comes. */
const DEAR_MS = 50;
/** For so many times as long as it took it stands, and so long at most; a new tip ends that at once. */
const REST_FACTOR = 20;
const LONGEST_REST_MS = 3_000;

interface Current {
  readonly tipId: BlockId;
  readonly revision: number;
  readonly template: BlockTemplate;
  readonly standsUntilMs: number;
}

/** Blocks to work on, and the way back from a solved one to a whole block. */
export class Templates {
  private readonly kept = new Map<string, BlockTemplate>();
  private current: Current | undefined;

  constructor(private readonly options: TemplatesOptions) {}

  /** The next block for a miner; the same template until tip or mempool change, and a while longer where it was dear. */
  template(miner: AccountId): TemplateView {
    const { law, clock } = this.options;
    const template = this.build();
    const coinbase = encodeCoinbase({ ...template.coinbase, miner });
    const target = bitsToTarget(template.bits);
    assertInvariant(target.ok, `the rules ask for invalid bits ${template.bits}`);
    const body = law.crypto.sha256d(encodeCoinbase(template.coinbase));
    const id = bytesToHex(body.subarray(0, 12)) + bytesToHex(template.previous.slice(0, 4));
    this.keep(id, template);
    const header = encodeHeader({
      version: template.version,
      previous: template.previous,
      merkleRoot: law.crypto.sha256d(coinbase),
      time: Math.max(template.minTimeSeconds, clock()),
      bits: template.bits,
      nonce: 0,
    });
    return {
      id,
      height: template.height,
      headerHex: bytesToHex(header),
      coinbaseHex: bytesToHex(coinbase),
      extranonceOffset: EXTRANONCE_OFFSET,
      targetHex: bytesToHex(targetToBytes(target.value)),
      minTimeSeconds: template.minTimeSeconds,
      transactionCount: template.transactions.length,
      fees: template.coinbase.fees.toString(),
    };
  }

  /** The whole block of a solution. A template of an older tip is refused as stale, before any work on it. */
  solve(solution: Solution): Result<Uint8Array> {
    const { templateId } = solution;
    const template = this.kept.get(templateId);
    if (template === undefined) return refused({ rule: 'mining/unknown-template', templateId });
    const parent = hashToBlockId(template.previous);
    const { tip } = this.options.chain;
    if (parent !== tip.id) {
      return refused({
        rule: 'mining/stale-template',
        templateId,
        height: template.height,
        tipHeight: tip.height,
      });
    }
    const header = decodeHeader(solution.header);
    if (!header.ok) return header;
    return accepted(
      encodeBlock(
        header.value,
        solution.coinbase,
        template.transactions.map((known) => known.bytes),
      ),
    );
  }

  private build(): BlockTemplate {
    const { law, chain, mempool } = this.options;
    const now = this.options.nowMs ?? (() => performance.now());
    const { tip } = chain;
    const { revision } = mempool;
    const startedMs = now();
    const { current } = this;
    if (current?.tipId === tip.id && (current.revision === revision || startedMs < current.standsUntilMs))
      return current.template;
    const supplement = chain.tipSupplement();
    let template = buildTemplate(law, chain.state, supplement, mempool.candidates(), NOBODY);
    if (template.refusals.length > 0) {
      // By fee alone a transaction may come before the one that pays for it: try those once more, at the end.
      const refusedIds = new Set(template.refusals.map(({ id }) => id));
      const late = [...mempool.transactions()].filter(({ id }) => refusedIds.has(id));
      template = buildTemplate(law, chain.state, supplement, [...template.transactions, ...late], NOBODY);
    }
    const endedMs = now();
    const tookMs = endedMs - startedMs;
    const restMs = tookMs < DEAR_MS ? 0 : Math.min(REST_FACTOR * tookMs, LONGEST_REST_MS);
    this.current = { tipId: tip.id, revision, template, standsUntilMs: endedMs + restMs };
    return template;
  }

  private keep(id: string, template: BlockTemplate): void {
    this.kept.delete(id);
    this.kept.set(id, template);
    for (const oldest of this.kept.keys()) {
      if (this.kept.size <= KEPT_TEMPLATES) return;
      this.kept.delete(oldest);
    }
  }
}
