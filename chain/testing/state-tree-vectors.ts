import { nativeCrypto } from '#crypto-native';
import { encode } from '../codec/codec.js';
import { createLaw } from '../law/law.js';
import { devnet } from '../params/networks.js';
import type { StateDiff } from '../state/diff.js';
import { MemoryState } from '../state/memory-state.js';
import { potSpace } from '../state/pots.js';
import { stateKeyHash } from '../state-tree/state-hash.js';
import { StateTree } from '../state-tree/state-tree.js';

/** Blocks that put, change and remove objects: root and proofs after each. */
const HISTORY: readonly (readonly (readonly [string, bigint | undefined])[])[] = [
  [],
  [['pool', 1n]],
  [
    ['account:00', 5n],
    ['account:01', 6n],
  ],
  Array.from({ length: 12 }, (_, index) => [`reward:${index}`, BigInt(index + 1)] as const),
  [
    ['pool', 2n],
    ['reward:3', undefined],
    ['reward:4', undefined],
  ],
  [...Array.from({ length: 12 }, (_, index) => index).filter((index) => index !== 3 && index !== 4)].map(
    (index) => [`reward:${index}`, undefined] as const,
  ),
];
const PROVEN = ['pool', 'account:00', 'reward:3', 'reward:7', 'bücher'];

/** The state root after each block of a short history, with proofs of what is there and what is not. */
export function stateTreeVectors(): unknown {
  const law = createLaw(devnet, nativeCrypto, []);
  const { networkId } = law.params;
  const state = new MemoryState();
  const tree = StateTree.ofState(law, state);
  const blocks = HISTORY.map((puts) => {
    const diff: StateDiff = puts.map(([key, after]) => ({
      space: potSpace,
      key,
      before: state.get(potSpace, key),
      after,
    }));
    state.apply(diff);
    const root = tree.apply(diff);
    return {
      changes: puts.map(([key, value]) => ({ key, value: value ?? null })),
      root,
      proofs: PROVEN.map((key) => {
        const value = state.get(potSpace, key);
        return {
          key,
          value: value === undefined ? null : encode(potSpace.value, value),
          proof: tree.prove(potSpace, key),
        };
      }),
    };
  });
  return {
    networkId,
    namespace: { name: potSpace.name, code: potSpace.code },
    keyHashes: PROVEN.map((key) => ({
      key,
      keyHash: stateKeyHash(nativeCrypto, networkId, potSpace.code, key),
    })),
    blocks,
  };
}
