import { type BlockId, isHexId, type KnownBlock, type TxId } from '#chain';
import { burnPeriod, burnPriceOf } from '#contracts';
import { bytesToHex } from '#crypto';
import type { BlockSummaryView, TransactionView } from '#wire';
import type { BlockNode } from '../chain/block-tree.js';
import { keyToPlace } from '../explorer/block-to-rows.js';
import { numericCursor, pageLimit, toPage } from '../explorer/paging.js';
import { type BlockCache, findNode, type LedgerParts, toAccount, whenIndexed } from '../ledger-parts.js';
import type { LedgerPort } from '../port.js';
import { blockToView, secondsToTime, transactionToView } from '../views/chain-views.js';

type ChainReads = Pick<
  LedgerPort,
  | 'status'
  | 'transaction'
  | 'nextSequence'
  | 'mempool'
  | 'feeEstimate'
  | 'block'
  | 'blocks'
  | 'rawBlock'
  | 'blockTransactions'
>;

/** Reads of blocks and transactions. */
export function createChainReads(parts: LedgerParts, cache: BlockCache): ChainReads {
  const { law, chain, mempool, follower, queries, events } = parts;
  const { tree } = chain;

  const load = async (node: BlockNode | undefined): Promise<KnownBlock | undefined> =>
    node && cache.get(node.id);

  const summary = async (node: BlockNode): Promise<BlockSummaryView | null> => {
    const block = await load(node);
    return block === undefined ? null : blockToView(law, block, tree.isOnMain(node));
  };

  const confirmed = async (id: string): Promise<TransactionView | null> => {
    const row = await queries.transaction(id);
    const node = row === null ? undefined : tree.mainAt(keyToPlace(row.key).height);
    const block = await load(node);
    const position = block?.transactions.findIndex((known) => known.id === id) ?? -1;
    const known = block?.transactions[position];
    if (known === undefined || node === undefined) return null;
    return transactionToView(law, known, { blockId: node.id, height: node.height, position });
  };

  return {
    async status() {
      const { tip } = tree;
      const { name, networkId, protocolVersion } = law.params;
      return {
        network: name,
        networkId,
        protocolVersion,
        genesisId: tree.mainAt(0)?.id ?? '',
        tip: {
          height: tip.height,
          id: tip.id,
          time: secondsToTime(tip.timeSeconds),
          totalWork: tip.totalWork.toString(),
        },
        indexHeight: Math.max(0, follower.height),
        mempool: { count: mempool.count, sizeBytes: mempool.sizeBytes },
        burnPerGiBEpoch: burnPriceOf(law.params, chain.state).toString(),
        burnPriceMovesAt: burnPeriod(law.params, tip.height).last,
        eventId: events.position(),
      };
    },

    async transaction({ id }) {
      if (!isHexId(id, 32)) return null;
      const pending = mempool.get(id as TxId);
      if (pending !== undefined) return transactionToView(law, pending);
      await whenIndexed(parts);
      return confirmed(id);
    },

    async nextSequence({ account, lane }) {
      return { sequence: mempool.nextSequence(toAccount(parts, account), lane).toString() };
    },

    feeEstimate: async () => mempool.feeEstimate(),

    async mempool(request) {
      const from = numericCursor(request) ?? 0;
      const limit = pageLimit(request);
      const rows = mempool.candidates().slice(from, from + limit + 1);
      return toPage(
        rows,
        limit,
        (known) => transactionToView(law, known),
        () => String(from + limit),
      );
    },

    async block({ ref }) {
      const node = findNode(parts, ref);
      return node === undefined ? null : summary(node);
    },

    async blocks(request) {
      const limit = pageLimit(request);
      // A cursor far above the tip must not make the loop walk down to it.
      const below = Math.min(numericCursor(request) ?? Number.POSITIVE_INFINITY, tree.tip.height + 1);
      const nodes: BlockNode[] = [];
      for (let height = below - 1; height >= 0 && nodes.length <= limit; height--) {
        const node = tree.mainAt(height);
        if (node !== undefined) nodes.push(node);
      }
      const views = await Promise.all(nodes.slice(0, limit).map(summary));
      const last = nodes[limit - 1];
      return {
        items: views.filter((view) => view !== null),
        nextCursor: nodes.length > limit && last !== undefined ? String(last.height) : null,
      };
    },

    async rawBlock({ ref }) {
      const node = findNode(parts, ref);
      if (node === undefined || !tree.isOnMain(node)) return null;
      const block = await load(node);
      return block ? { id: node.id, height: node.height, hex: bytesToHex(block.bytes) } : null;
    },

    async blockTransactions({ ref, ...request }) {
      const found = findNode(parts, ref);
      // A transaction of an abandoned block is neither confirmed nor, as part of it, pending.
      const node = found !== undefined && tree.isOnMain(found) ? found : undefined;
      const block = await load(node);
      const from = numericCursor(request) ?? 0;
      const limit = pageLimit(request);
      const { id, height } = node ?? { id: '' as BlockId, height: 0 };
      const rows = (block?.transactions ?? []).map((known, position) => ({ known, position }));
      return toPage(
        rows.slice(from, from + limit + 1),
        limit,
        ({ known, position }) => transactionToView(law, known, { blockId: id, height, position }),
        ({ position }) => String(position + 1),
      );
    },
  };
}
