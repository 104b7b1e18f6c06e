import {
  type BlockHeader,
  type BlockId,
  bitsToTarget,
  bitsToWork,
  blockIdToHash,
  decodeHeader,
  hashToBlockId,
  hashToNumber,
} from '#chain';
import { equalBytes } from '#crypto';
import type { ChainPoint, HeaderPoint } from '#ledger';
import { keptWork } from '../headers/low-work.js';
import { BLOCKS_ANSWER_BYTES, ENVELOPE_BYTES } from '../messages/limits.js';
import { type BlockAnnouncement, decodeMessageOf, encodeMessage } from '../messages/messages.js';
import type { Peer } from '../peers/peer.js';
import type { GossipVerdict } from '../ports.js';
import type { SyncContext } from '../sync-context.js';
import { blockToAnnouncement, openPartialBlock, type PartialBlock } from './compact-block.js';
import { Orphans } from './orphans.js';
import { RecentIds } from './recent-ids.js';

const NO_SALT = new Uint8Array(8);
/** Who told a block and has not given it by then is not waited for alone. */
const OVERDUE_MS = 1_500;

/** What block gossip asks of the rest of the engine. */
export interface BlockGossipEvents {
  /** A peer's chain has a header that we know now. */
  proven(peer: Peer): void;
  /** A peer told a block whose parent we do not have. */
  orphaned(peer: Peer): void;
  /** Who told a block does not give it: others may have it. Once for a block. */
  overdue(): void;
}

/** An announced block that has work and a known parent. */
interface Candidate {
  readonly announcement: BlockAnnouncement;
  readonly partial: PartialBlock;
  readonly id: BlockId;
  readonly point: ChainPoint;
}

/**
 * Blocks by announcement. The order of checks is the defence: form, coinbase, work, parent, weight; only then is anything
 * kept or asked for, and only a block that was connected is passed on. So whoever passed a block on has all of it.
 */
export class BlockGossip {
  readonly orphans = new Orphans();
  private readonly underWay = new Set<BlockId>();
  /** Blocks everybody heard of: passed on, or told by this node. */
  private readonly told = new RecentIds<BlockId>(256);
  private readonly askedAround = new RecentIds<BlockId>(256);

  constructor(
    private readonly context: SyncContext,
    private readonly events: BlockGossipEvents,
  ) {}

  /** Judges an announcement. */
  async receive(peer: Peer, bytes: Uint8Array): Promise<GossipVerdict> {
    const decoded = decodeMessageOf('blockAnnouncement', bytes);
    if (!decoded.ok) return this.reject(peer, 'message', decoded.violation);
    const announcement = decoded.value;
    const { law } = this.context;
    const header = decodeHeader(announcement.header);
    if (!header.ok) return this.reject(peer, 'header', header.violation);
    const id = hashToBlockId(law.crypto.sha256d(announcement.header));
    if (this.underWay.has(id)) return 'ignore';
    const partial = openPartialBlock(law, announcement);
    if (partial === undefined) return this.reject(peer, 'message', 'sync/short-ids');
    if (!equalBytes(law.crypto.sha256d(announcement.coinbase), header.value.merkleRoot))
      return this.reject(peer, 'header', 'sync/announcement-root');
    this.underWay.add(id);
    try {
      return await this.judge(peer, { announcement, partial, id, header: header.value, bytes });
    } finally {
      this.underWay.delete(id);
    }
  }

  /** Tells the world a block of the main chain, unless everybody heard of it. */
  async tell(id: BlockId, isOwn: boolean): Promise<void> {
    const { chain, law, clock, transport } = this.context;
    if (this.told.has(id)) return;
    this.told.add(id);
    const bytes = await chain.blockBytes(id);
    if (bytes === undefined || this.context.isStopped) return;
    const salt = isOwn ? NO_SALT : Uint8Array.from(NO_SALT, () => Math.floor(clock.random() * 256));
    transport.publish('blocks', encodeMessage('blockAnnouncement', blockToAnnouncement(law, bytes, salt)));
  }

  /** Takes up what waited for a block that is here now. */
  adopt(parent: BlockId, peerOf: (ref: string) => Peer | undefined): void {
    for (const orphan of this.orphans.takeChildren(parent)) {
      const peer = peerOf(orphan.peer);
      if (peer === undefined) continue;
      this.context.run(async () => {
        if ((await this.receive(peer, orphan.bytes)) !== 'accept') return;
        // The transport passed it on to nobody when it came.
        this.told.delete(orphan.id);
        await this.tell(orphan.id, false);
      });
    }
  }

  private async judge(
    peer: Peer,
    told: {
      readonly announcement: BlockAnnouncement;
      readonly partial: PartialBlock;
      readonly id: BlockId;
      readonly header: BlockHeader;
      readonly bytes: Uint8Array;
    },
  ): Promise<GossipVerdict> {
    const { chain, options } = this.context;
    const { announcement, partial, id, header } = told;
    const known = await chain.headerPoint(id);
    if (known?.knowledge === 'invalid') return this.reject(peer, 'header', 'block/known-invalid');
    if (known?.knowledge === 'body') {
      this.proven(peer, known);
      return 'ignore';
    }
    const parentId = hashToBlockId(header.previous);
    const parent = await chain.headerPoint(parentId);
    if (parent === undefined) return this.orphan(peer, { ...told, parentId });
    if (parent.knowledge === 'invalid') return this.reject(peer, 'header', 'block/invalid-parent');
    const totalWork = parent.totalWork + bitsToWork(header.bits);
    if (totalWork < (await keptWork(chain, options))) {
      this.context.refuse(peer.ref, 'header', 'sync/low-work');
      return 'ignore';
    }
    const kept = await chain.submitHeaders(announcement.header);
    if (!kept.ok) {
      const weight = this.context.refuse(peer.ref, 'header', kept.violation);
      return weight > 0 ? 'reject' : 'ignore';
    }
    const point = kept.value.last;
    if (point.totalWork <= (await chain.tip()).totalWork || parent.knowledge !== 'body') {
      this.proven(peer, point);
      return 'ignore';
    }
    return this.connect(peer, { announcement, partial, id, point });
  }

  /** A block without a parent here: with work of its own it is kept a while, and its sender asked for what comes before. */
  private orphan(
    peer: Peer,
    told: {
      readonly id: BlockId;
      readonly header: BlockHeader;
      readonly parentId: BlockId;
      readonly bytes: Uint8Array;
    },
  ): GossipVerdict {
    const target = bitsToTarget(told.header.bits);
    const limit = bitsToTarget(this.context.law.params.proofOfWork.limitBits);
    const isEasy = !target.ok || !limit.ok || target.value > limit.value;
    if (isEasy || hashToNumber(blockIdToHash(told.id)) > target.value)
      return this.reject(peer, 'header', 'header/proof-of-work');
    this.orphans.add({ id: told.id, parent: told.parentId, peer: peer.ref, bytes: told.bytes });
    this.context.refuse(peer.ref, 'header', 'block/unknown-parent');
    this.events.orphaned(peer);
    return 'ignore';
  }

  /** From short ids to a connected block: what waits here, then what the sender adds, then the whole block of it. */
  private async connect(peer: Peer, candidate: Candidate): Promise<GossipVerdict> {
    const stopWaiting = this.context.after(OVERDUE_MS, () => this.askAround(candidate.id));
    try {
      return await this.connectFrom(peer, candidate);
    } finally {
      stopWaiting();
    }
  }

  private async connectFrom(peer: Peer, candidate: Candidate): Promise<GossipVerdict> {
    this.told.add(candidate.id);
    const rebuilt = await this.rebuild(peer, candidate);
    if (rebuilt !== undefined) {
      const verdict = await this.submit(peer, candidate, rebuilt, true);
      if (verdict !== 'again') return verdict;
    }
    const whole = await this.wholeBlock(peer, candidate.id);
    if (whole !== undefined) {
      const verdict = await this.submit(peer, candidate, whole, false);
      if (verdict !== 'again') return verdict;
    }
    // Somebody else may have it: it is fetched as any missing body, and told again once it is here.
    this.told.delete(candidate.id);
    this.proven(peer, candidate.point);
    this.askAround(candidate.id);
    if ((await this.context.chain.tip()).id === candidate.id) await this.tell(candidate.id, false);
    return 'ignore';
  }

  private askAround(id: BlockId): void {
    if (this.askedAround.has(id)) return;
    this.askedAround.add(id);
    this.events.overdue();
  }

  private async rebuild(peer: Peer, { partial, id }: Candidate): Promise<Uint8Array | undefined> {
    const { chain, counters } = this.context;
    if (partial.missing.length > 0) {
      const matched = [...partial.match(await chain.waitingIds())];
      const waiting = await chain.waitingTransactions(matched.map(([, txId]) => txId));
      for (const [index, [place]] of matched.entries()) {
        const transaction = waiting[index];
        if (transaction !== undefined) partial.fill(place, transaction);
      }
    }
    const indexes = partial.missing;
    if (indexes.length === 0) {
      counters.announcementsRebuilt += 1;
      return partial.toBytes();
    }
    const answer = await this.context.ask(
      peer,
      { name: 'getBlockTransactions', body: { block: id, indexes } },
      { name: 'blockTransactions', maxBytes: this.context.law.params.limits.maxBlockBytes },
    );
    if (answer.kind !== 'answer') return undefined;
    const { transactions } = answer.body;
    if (transactions.length > indexes.length)
      this.context.refuse(peer.ref, 'answer', 'sync/too-many-answers');
    if (transactions.length !== indexes.length) return undefined;
    for (const [index, place] of indexes.entries()) partial.fill(place, transactions[index] as Uint8Array);
    counters.announcementsFetched += 1;
    return partial.toBytes();
  }

  private async wholeBlock(peer: Peer, id: BlockId): Promise<Uint8Array | undefined> {
    const { law } = this.context;
    const answer = await this.context.ask(
      peer,
      { name: 'getBlocks', body: { ids: [id] } },
      { name: 'blocks', maxBytes: BLOCKS_ANSWER_BYTES + law.params.limits.maxBlockBytes - ENVELOPE_BYTES },
    );
    const bytes = answer.kind === 'answer' ? answer.body.blocks[0] : undefined;
    if (bytes === undefined || bytes.length === 0) return undefined;
    if (hashToBlockId(law.crypto.sha256d(bytes.subarray(0, 80))) === id) return bytes;
    this.context.refuse(peer.ref, 'block', 'sync/wrong-block');
    return undefined;
  }

  /** `again`: this body is not the header's, another one may be. */
  private async submit(
    peer: Peer,
    { id, point }: Candidate,
    bytes: Uint8Array,
    isRebuilt: boolean,
  ): Promise<GossipVerdict | 'again'> {
    const { chain } = this.context;
    const result = await chain.submitBlock(bytes);
    if (result.ok) {
      this.proven(peer, point);
      return result.value.outcome === 'side' ? 'ignore' : 'accept';
    }
    const { rule } = result.violation;
    if (rule.startsWith('node/') || rule === 'block/unknown-parent') return 'again';
    const [knowledge] = await chain.knowledge([id]);
    if (knowledge === 'invalid') return this.reject(peer, 'block', result.violation);
    // Two transactions may share a short id: only the whole block shows whether the peer lied.
    if (!isRebuilt)
      return this.reject(peer, 'block', { rule: 'sync/body-mismatch', block: id, because: rule });
    return 'again';
  }

  private proven(peer: Peer, point: ChainPoint | HeaderPoint): void {
    peer.prove(point);
    this.events.proven(peer);
  }

  private reject(
    peer: Peer,
    context: 'message' | 'header' | 'block',
    violation: Parameters<SyncContext['refuse']>[2],
  ): GossipVerdict {
    this.context.refuse(peer.ref, context, violation);
    return 'reject';
  }
}
