import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type BlockId, MEDIAN_TIME_SPAN, medianTime, supplementDepth } from '#chain';
import { type BlockNode, BlockTree } from './block-tree.js';

const EPOCH_BLOCKS = 3;
const depth = supplementDepth(EPOCH_BLOCKS);

function ancestorsOf(node: BlockNode): BlockNode[] {
  const found: BlockNode[] = [];
  for (let at: BlockNode | undefined = node; at !== undefined; at = at.parent) found.push(at);
  return found;
}

describe('the tree of blocks', () => {
  it('gives after any moves of the tip the supplement that the ancestors give', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(), fc.nat(100), fc.boolean()), { maxLength: 120 }), (steps) => {
        const tree = new BlockTree(EPOCH_BLOCKS);
        const facts = (index: number, timeSeconds: number) => ({
          id: String(index) as BlockId,
          timeSeconds,
          bits: 0x207f_ffff,
          transactionCount: 0,
          seal: { version: 1, merkleRoot: '00'.repeat(32), nonce: 0 },
        });
        const nodes = [tree.add(facts(-1, 0), undefined)];
        tree.setTip(nodes[0] as BlockNode);
        for (const [index, [pick, timeSeconds, extend]] of steps.entries()) {
          const parent = extend ? tree.tip : (nodes[pick % nodes.length] as BlockNode);
          const node = tree.add(facts(index, timeSeconds), parent);
          nodes.push(node);
          tree.setTip(node);
          const line = ancestorsOf(node);
          const { recentIds, medianTimeSeconds } = tree.supplement(node, new Uint8Array(32));
          expect([...recentIds].sort(([a], [b]) => b - a)).toEqual(
            line.slice(0, depth).map(({ height, id }) => [height, id]),
          );
          expect(medianTimeSeconds).toBe(
            medianTime(line.slice(0, MEDIAN_TIME_SPAN).map((each) => each.timeSeconds)),
          );
          expect(line.every((each) => tree.isOnMain(each) && tree.mainAt(each.height) === each)).toBe(true);
          expect(tree.mainAt(node.height + 1)).toBeUndefined();
        }
      }),
    );
  });
});
