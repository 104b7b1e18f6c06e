import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { bytesToHex, type CryptoPort, concatBytes } from '#crypto';
import { nativeCrypto } from '#crypto-native';
import { encode } from '../codec/codec.js';
import { u63 } from '../codec/schema.js';
import { createLaw } from '../law/law.js';
import { devnet } from '../params/networks.js';
import type { StateDiff } from '../state/diff.js';
import { MemoryState } from '../state/memory-state.js';
import { namespace } from '../state/namespace.js';
import { INNER_KEY, LEAF_KEY, stateKeyHash } from './state-hash.js';
import { validateStateProof } from './state-proof.js';
import { StateTree } from './state-tree.js';

const first = namespace<bigint>('first', 900, u63);
const second = namespace<bigint>('second', 901, u63);
const spaces = [first, second];
const law = createLaw(devnet, nativeCrypto, [{ name: 'test', kinds: [], namespaces: spaces }]);
const { networkId } = law.params;

interface OracleLeaf {
  readonly keyHash: Uint8Array;
  readonly valueHash: Uint8Array;
}

/** The definition, word for word: no versions, no batches, no incremental update. */
function oracleRoot(crypto: CryptoPort, leaves: readonly OracleLeaf[], depth = 0): Uint8Array {
  const [only] = leaves;
  if (only === undefined) return new Uint8Array(32);
  if (leaves.length === 1) return crypto.hashStatePairs(LEAF_KEY, concatBytes(only.keyHash, only.valueHash));
  const bit = ({ keyHash }: OracleLeaf): number => ((keyHash[depth >> 3] as number) >> (7 - (depth % 8))) & 1;
  const side = (wanted: number): Uint8Array =>
    oracleRoot(
      crypto,
      leaves.filter((leaf) => bit(leaf) === wanted),
      depth + 1,
    );
  return crypto.hashStatePairs(INNER_KEY, concatBytes(side(0), side(1)));
}

/** A crypto port whose key hashes share long prefixes, so that deep paths and empty siblings come up. */
function crowdedCrypto(sharedBits: number): CryptoPort {
  const blake3 = (data: Uint8Array): Uint8Array => {
    const hash = nativeCrypto.blake3(data);
    if (data.length > 8) for (let bit = 0; bit < sharedBits; bit++) setBit(hash, bit, bit % 3 === 0);
    return hash;
  };
  const hashShort = (blocks: Uint8Array, lengths: Uint8Array): Uint8Array =>
    concatBytes(...[...lengths].map((length, at) => blake3(blocks.subarray(at * 64, at * 64 + length))));
  return { ...nativeCrypto, blake3, hashShort };
}

function setBit(hash: Uint8Array, bit: number, isOne: boolean): void {
  const mask = 0x80 >> (bit & 7);
  const byte = hash[bit >> 3] as number;
  hash[bit >> 3] = isOne ? byte | mask : byte & ~mask;
}

function stateRoot(crypto: CryptoPort, state: MemoryState): string {
  const leaves = spaces.flatMap((space) =>
    [...state.entries(space)].map(([key, value]) => ({
      keyHash: stateKeyHash(crypto, networkId, space.code, key),
      valueHash: crypto.blake3(encode(space.value, value)),
    })),
  );
  return bytesToHex(oracleRoot(crypto, leaves));
}

/** Steps of an arbitrary history: which objects a block puts (a value) or removes (no value). */
const block = fc.uniqueArray(
  fc.record({
    space: fc.constantFrom(...spaces),
    key: fc.integer({ min: 0, max: 60 }).map((number) => `key ${number}`),
    value: fc.option(fc.bigInt({ min: 0n, max: 3n }), { nil: undefined, freq: 2 }),
  }),
  { selector: ({ space, key }) => `${space.code}/${key}`, maxLength: 30 },
);
const history = fc.array(block, { minLength: 1, maxLength: 25 });
const crowding = fc.constantFrom(0, 0, 7, 130);

type Block = (typeof block extends fc.Arbitrary<infer T> ? T : never) & readonly unknown[];

function toDiff(state: MemoryState, changes: Block): StateDiff {
  return changes
    .map(({ space, key, value }) => ({ space, key, before: state.get(space, key), after: value }))
    .filter(({ before, after }) => before !== after);
}

function openTree(sharedBits: number, keptVersions?: number) {
  const crypto = sharedBits === 0 ? nativeCrypto : crowdedCrypto(sharedBits);
  const state = new MemoryState();
  return { crypto, state, tree: StateTree.ofState({ ...law, crypto }, state, keptVersions) };
}

describe('the state tree', () => {
  test('the empty state has 32 zero bytes as its root', () => {
    expect(bytesToHex(openTree(0).tree.root)).toBe('00'.repeat(32));
  });

  test('has after every block the root the definition gives, forward, back and built at once', () => {
    fc.assert(
      fc.property(history, crowding, fc.integer({ min: 0, max: 4 }), (blocks, sharedBits, kept) => {
        const { crypto, state, tree } = openTree(sharedBits, kept);
        const roots = [bytesToHex(tree.root)];
        const diffs: StateDiff[] = [];
        for (const changes of blocks) {
          const diff = toDiff(state, changes);
          state.apply(diff);
          diffs.push(diff);
          roots.push(bytesToHex(tree.apply(diff)));
          expect(roots.at(-1)).toBe(stateRoot(crypto, state));
          expect(bytesToHex(StateTree.ofState({ ...law, crypto }, state).root)).toBe(roots.at(-1));
        }
        for (let back = 0; back <= tree.versionsBack; back++)
          expect(bytesToHex(tree.rootAt(back) as Uint8Array)).toBe(roots.at(-1 - back));
        expect(tree.rootAt(tree.versionsBack + 1)).toBeUndefined();
        for (const diff of diffs.toReversed()) {
          roots.pop();
          expect(bytesToHex(tree.revert(diff))).toBe(roots.at(-1));
        }
        expect(tree.size).toMatchObject({ leafCount: 0, innerCount: 0 });
      }),
      { numRuns: 150 },
    );
  });

  test('the order of a block’s changes does not matter', () => {
    fc.assert(
      fc.property(block, fc.nat(), crowding, (changes, seed, sharedBits) => {
        const forward = openTree(sharedBits);
        const diff = toDiff(forward.state, changes);
        const shuffled = diff.map((change, at) => ({ change, at: (at * 7919 + seed) % 1013 }));
        shuffled.sort((a, b) => a.at - b.at);
        expect(openTree(sharedBits).tree.apply(shuffled.map(({ change }) => change))).toEqual(
          forward.tree.apply(diff),
        );
      }),
    );
  });

  test('frees what no kept version reaches', () => {
    const { tree, state } = openTree(0, 2);
    const change = (key: string, before: bigint | undefined, after: bigint | undefined) => ({
      space: first,
      key,
      before,
      after,
    });
    const sizes: number[] = [];
    // Each block takes out what the one before put in.
    for (let round = 0; round < 30; round++) {
      const diff = Array.from({ length: 200 }, (_, index) => [
        ...(round === 0 ? [] : [change(`${round - 1} ${index}`, 1n, undefined)]),
        change(`${round} ${index}`, undefined, 1n),
      ]).flat();
      tree.apply(diff);
      state.apply(diff);
      sizes.push(tree.size.leafCount);
    }
    expect(Math.max(...sizes)).toBe(3 * 200);
    expect(sizes.at(-1)).toBe(3 * 200);
  });
});

describe('proofs', () => {
  test('every kept version shows what it held, present or absent, and nothing else', () => {
    fc.assert(
      fc.property(history, crowding, fc.nat(), (blocks, sharedBits, pick) => {
        const { crypto, state, tree } = openTree(sharedBits);
        const states: Map<string, bigint>[] = [];
        for (const changes of blocks) {
          const diff = toDiff(state, changes);
          state.apply(diff);
          tree.apply(diff);
          states.push(new Map(state.entries(first)));
        }
        const back = pick % Math.min(states.length, tree.versionsBack + 1);
        const held = states.at(-1 - back) as Map<string, bigint>;
        const root = tree.rootAt(back) as Uint8Array;
        for (let number = 0; number < 62; number += 1 + (pick % 5)) {
          const key = `key ${number}`;
          const value = held.get(key);
          expect(tree.valueAt(first, key, state.get(first, key), back)).toBe(value);
          const proof = tree.prove(first, key, back) as Uint8Array;
          const bytes = value === undefined ? undefined : encode(u63, value);
          const claim = { networkId, root, space: first, key, value: bytes };
          const refusal = (changed: Partial<typeof claim>) =>
            validateStateProof(crypto, { ...claim, ...changed }, proof);
          expect(refusal({})).toBeUndefined();
          expect(refusal({ value: encode(u63, 77n) })).toBeDefined();
          if (bytes === undefined) continue;
          expect(refusal({ value: undefined })).toMatchObject({ rule: 'state-proof/presence' });
          expect(refusal({ key: `${key}0000` })).toMatchObject({ rule: 'state-proof/root' });
          expect(refusal({ space: second })).toMatchObject({ rule: 'state-proof/root' });
          expect(refusal({ networkId: networkId + 1 })).toMatchObject({ rule: 'state-proof/root' });
        }
        expect(tree.prove(first, 'key 0', tree.versionsBack + 1)).toBeUndefined();
      }),
      { numRuns: 60 },
    );
  });

  test('no changed proof shows anything: every bit flipped, every length', () => {
    fc.assert(
      fc.property(history, crowding, fc.integer({ min: 0, max: 61 }), (blocks, sharedBits, number) => {
        const { crypto, state, tree } = openTree(sharedBits);
        for (const changes of blocks) {
          const diff = toDiff(state, changes);
          state.apply(diff);
          tree.apply(diff);
        }
        const key = `key ${number}`;
        const held = state.get(first, key);
        const value = held === undefined ? undefined : encode(u63, held);
        const claim = { networkId, root: tree.root, space: first, key, value };
        const proof = tree.prove(first, key) as Uint8Array;
        const shows = (bytes: Uint8Array): boolean => validateStateProof(crypto, claim, bytes) === undefined;
        expect(shows(proof)).toBe(true);
        for (let bit = 0; bit < proof.length * 8; bit++) {
          const changed = proof.slice();
          changed[bit >> 3] = (changed[bit >> 3] as number) ^ (1 << (bit & 7));
          if (shows(changed)) throw new Error(`bit ${bit} of ${bytesToHex(proof)} may be flipped`);
        }
        for (let length = 0; length < proof.length; length++)
          expect(shows(proof.slice(0, length))).toBe(false);
        expect(shows(concatBytes(proof, Uint8Array.of(0)))).toBe(false);
        expect(shows(concatBytes(proof, new Uint8Array(32)))).toBe(false);
      }),
      { numRuns: 20 },
    );
  });
});
