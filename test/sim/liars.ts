import { type AccountId, type KnownBlock, type Law, transactionRoot } from '#chain';
import { encodeMessage } from '#sync';
import type { BlockChanges } from '../../chain/testing/mine-block.js';
import { blockToAnnouncement } from '../../libs/sync/gossip/compact-block.js';
import type { SimNode } from './sim-node.js';

/** Ways a node with a good chain of its own may lie about blocks. */
export const LIAR_KINDS = ['invalid-blocks', 'bad-bodies', 'no-bodies'] as const;
export type LiarKind = (typeof LIAR_KINDS)[number];

const NO_SALT = new Uint8Array(8);

/** Makes a running node answer wrongly about bodies. */
export function makeBodyLiar(node: SimNode, kind: 'bad-bodies' | 'no-bodies'): void {
  const blocks = 0x05;
  const blockTransactions = 0x07;
  node.parts.transport.tamper = (answer) => {
    if (answer[0] !== blocks && answer[0] !== blockTransactions) return answer;
    if (kind === 'no-bodies')
      return answer[0] === blocks
        ? encodeMessage('blocks', { blocks: [new Uint8Array()] })
        : new Uint8Array();
    const changed = answer.slice();
    const last = changed.length - 1;
    changed[last] = (changed[last] as number) ^ 1;
    return changed;
  };
}

/** Real work under a body that breaks a rule, told to everybody by a node that can show all of it. */
export function tellInvalidBlock(node: SimNode, law: Law, miner: AccountId, which: number): KnownBlock {
  const wrong: readonly BlockChanges[] = [
    { coinbase: { subsidy: 1n << 40n } },
    { coinbase: { stateRoot: new Uint8Array(32).fill(7) } },
    { coinbase: { transactionRoot: transactionRoot(law, []).map((byte) => byte ^ 1) } },
    { coinbase: { height: 3 } },
  ];
  const block = node.draft(miner, wrong[which % wrong.length]);
  node.forged.set(block.id, block.bytes);
  const announcement = blockToAnnouncement(law, block.bytes, NO_SALT);
  node.parts.transport.publish('blocks', encodeMessage('blockAnnouncement', announcement));
  return block;
}
