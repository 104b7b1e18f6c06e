import { concatBytes } from '#crypto';
import { accepted } from '#errors';
import type { BlockNode } from './chain/block-tree.js';
import type { ChainManager } from './chain/chain-manager.js';
import { nodeToHeaderBytes } from './chain/header-chain.js';
import type { BlockKnowledge, ChainAccess, ChainAccessEvent, ChainPoint } from './chain-access.js';
import type { Mempool } from './mempool/mempool.js';
import type { TransactionIntake } from './transaction-intake.js';

/** What the network's port is made of. */
export interface ChainAccessParts {
  readonly chain: ChainManager;
  readonly mempool: Mempool;
  readonly intake: TransactionIntake;
}

/** The ledger as nodes see it, in the law's own thread. */
export function createChainAccess({ chain, mempool, intake }: ChainAccessParts): ChainAccess {
  const { tree, headers } = chain;
  return {
    tip: () => Promise.resolve(nodeToPoint(chain.tip)),
    bestHeader: () => Promise.resolve(nodeToPoint(headers.best)),
    headerPoint: (id) => {
      const node = tree.get(id);
      return Promise.resolve(
        node && {
          ...nodeToPoint(node),
          bits: node.bits,
          recentTimesSeconds: tree.recentTimesSeconds(node),
          knowledge: knowledgeOf(node),
        },
      );
    },
    locator: () => Promise.resolve(headers.locator()),

    headersAfter({ locator, max }) {
      const start = locator.map((id) => tree.get(id)).find((node) => node && tree.isOnMain(node));
      const parts: Uint8Array[] = [];
      const from = start === undefined ? 1 : start.height + 1;
      for (let height = from; height < from + max; height++) {
        const node = tree.mainAt(height);
        if (node === undefined) break;
        parts.push(nodeToHeaderBytes(node));
      }
      return Promise.resolve(concatBytes(...parts));
    },

    submitHeaders(bytes) {
      const result = headers.acceptAll(bytes);
      if (!result.ok) return Promise.resolve(result);
      const { added, last } = result.value;
      return Promise.resolve(accepted({ added, last: nodeToPoint(last) }));
    },

    missingBodies: ({ max, towards }) =>
      Promise.resolve(chain.missingBodies(max, towards).map(({ id, height }) => ({ id, height }))),
    knowledge: (ids) => Promise.resolve(ids.map((id) => knowledgeOf(tree.get(id)))),
    blockBytes: (id) => chain.blockBytes(id),
    submitBlock: (bytes) => chain.submitBlock(bytes),

    async submitTransaction(bytes) {
      const result = await intake.submit(bytes);
      if (!result.ok) return result;
      const { known, isNew } = result.value;
      return accepted({ id: known.id, isNew });
    },
    waitingTransactions: (ids) => Promise.resolve(ids.map((id) => mempool.get(id)?.bytes)),
    waitingIds: () => Promise.resolve(mempool.candidates().map(({ id }) => id)),

    onEvent(listener: (event: ChainAccessEvent) => void) {
      const stops = [
        chain.onChange(({ left }) =>
          listener({ type: 'tip', tip: nodeToPoint(chain.tip), isReorganization: left.length > 0 }),
        ),
        intake.onTransaction(({ id }) => listener({ type: 'transaction', id })),
      ];
      return () => {
        for (const stop of stops) stop();
      };
    },
  };
}

function nodeToPoint({ id, height, totalWork }: BlockNode): ChainPoint {
  return { id, height, totalWork };
}

function knowledgeOf(node: BlockNode | undefined): BlockKnowledge {
  if (node === undefined) return 'unknown';
  if (node.status === 'stored' || node.status === 'applied') return 'body';
  return node.status;
}
