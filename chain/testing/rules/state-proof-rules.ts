import { bytesToHex, concatBytes, hexToBytes } from '#crypto';
import { nativeCrypto } from '#crypto-native';
import { assertInvariant } from '#errors';
import { encode } from '../../codec/codec.js';
import { createLaw, type Law } from '../../law/law.js';
import { MemoryState } from '../../state/memory-state.js';
import { potSpace } from '../../state/pots.js';
import { INNER_KEY, LEAF_KEY, stateKeyHash } from '../../state-tree/state-hash.js';
import { encodeStateProof } from '../../state-tree/state-proof.js';
import { StateTree } from '../../state-tree/state-tree.js';
import { type RuleVectorFile, vectorParams } from './rule-vector.js';
import { EASY, VectorBook } from './vector-book.js';

const POOL_VALUE = 7n;

interface Tree {
  readonly root: Uint8Array;
  prove(key: string): Uint8Array;
}

function treeOf(law: Law, keys: readonly string[]): Tree {
  const state = new MemoryState();
  state.apply(keys.map((key) => ({ space: potSpace, key, before: undefined, after: POOL_VALUE })));
  const tree = StateTree.ofState(law, state);
  return {
    root: tree.root,
    prove: (key) => {
      const proof = tree.prove(potSpace, key);
      assertInvariant(proof !== undefined, `no proof of ${key}`);
      return proof;
    },
  };
}

/** Proofs against a state root: not consensus, but what a client that trusts no node must refuse. */
export function stateProofRules(): RuleVectorFile {
  const book = new VectorBook();
  const params = vectorParams(EASY);
  book.network('easy', EASY);
  const law = createLaw(params, nativeCrypto, []);
  const value = bytesToHex(encode(potSpace.value, POOL_VALUE));
  const ask = (
    rule: string,
    verdict: 'accept' | 'refuse',
    why: string,
    claim: { readonly key: string; readonly value?: string; readonly root: Uint8Array },
    proof: Uint8Array,
  ): void =>
    book.ask(rule, verdict === 'accept' ? 'accept' : rule, why, {
      subject: 'state-proof',
      network: 'easy',
      bytes: bytesToHex(proof),
      claim: { namespace: potSpace.code, ...claim, root: bytesToHex(claim.root) },
    });

  const keys = Array.from({ length: 12 }, (_, index) => `reward:${index}`);
  const tree = treeOf(law, keys);
  const here = { key: 'reward:3', value, root: tree.root };
  const proof = tree.prove('reward:3');
  ask('state-proof/root', 'accept', 'an object that is there', here, proof);
  ask('state-proof/root', 'refuse', 'another value', { ...here, value: value.replace(/^../, '08') }, proof);
  ask('state-proof/root', 'refuse', 'another root', { ...here, root: new Uint8Array(32) }, proof);
  ask('state-proof/root', 'refuse', 'another object’s proof', { ...here, key: 'reward:4' }, proof);
  const bent = proof.slice();
  bent[bent.length - 1] = (bent.at(-1) as number) ^ 1;
  ask('state-proof/root', 'refuse', 'one bit of a sibling is another', here, bent);

  const lone = treeOf(law, ['pool']);
  ask(
    'state-proof/root',
    'accept',
    'the only object of a state',
    { key: 'pool', value, root: lone.root },
    lone.prove('pool'),
  );
  const nothing = treeOf(law, []);
  ask(
    'state-proof/presence',
    'accept',
    'any object is absent from an empty state',
    { key: 'pool', root: nothing.root },
    nothing.prove('pool'),
  );
  ask(
    'state-proof/presence',
    'refuse',
    'an object that is there is claimed to be absent',
    { key: 'reward:3', root: tree.root },
    proof,
  );

  const absent = Array.from({ length: 200 }, (_, index) => `reward:${100 + index}`);
  const ends = (type: number): string => {
    const found = absent.find((key) => tree.prove(key)[0] === type && (tree.prove(key)[1] as number) > 1);
    assertInvariant(found !== undefined, `no absent key ends in ${type}`);
    return found;
  };
  const atEmpty = ends(1);
  const atOther = ends(2);
  ask(
    'state-proof/presence',
    'accept',
    'the path ends at nothing',
    { key: atEmpty, root: tree.root },
    tree.prove(atEmpty),
  );
  ask(
    'state-proof/presence',
    'refuse',
    'the path ends at nothing, an object is claimed',
    { key: atEmpty, value, root: tree.root },
    tree.prove(atEmpty),
  );
  ask(
    'state-proof/other-leaf',
    'accept',
    'the path ends at another leaf',
    { key: atOther, root: tree.root },
    tree.prove(atOther),
  );
  const farAway = absent.find((key) => firstBit(law, key) !== firstBit(law, atOther)) as string;
  ask(
    'state-proof/other-leaf',
    'refuse',
    'a leaf that stands elsewhere',
    { key: farAway, root: tree.root },
    tree.prove(atOther),
  );
  const own = stateKeyHash(nativeCrypto, params.networkId, potSpace.code, 'pool');
  const asOther = encodeStateProof({
    siblings: [],
    end: { type: 'other', keyHash: own, valueHash: nativeCrypto.blake3(hexToBytes(value)) },
  });
  ask(
    'state-proof/other-leaf',
    'refuse',
    'the object’s own leaf as another’s',
    { key: 'pool', root: lone.root },
    asOther,
  );
  forms(law, value, ask);
  return book.finish();
}

function firstBit(law: Law, key: string): number {
  return (stateKeyHash(nativeCrypto, law.params.networkId, potSpace.code, key)[0] as number) >> 7;
}

type Ask = (
  rule: string,
  verdict: 'accept' | 'refuse',
  why: string,
  claim: { readonly key: string; readonly value?: string; readonly root: Uint8Array },
  proof: Uint8Array,
) => void;

/** A proof over made-up siblings has a root too: the deepest path there can be. */
function forms(law: Law, value: string, ask: Ask): void {
  const { networkId } = law.params;
  const keyHash = stateKeyHash(nativeCrypto, networkId, potSpace.code, 'pool');
  const siblings = Array.from({ length: 256 }, (_, depth) => nativeCrypto.sha256(Uint8Array.of(depth)));
  let root = nativeCrypto.hashStatePairs(
    LEAF_KEY,
    concatBytes(keyHash, nativeCrypto.blake3(hexToBytes(value))),
  );
  for (let depth = 255; depth >= 0; depth--) {
    const sibling = siblings[depth] as Uint8Array;
    const isRight = (((keyHash[depth >> 3] as number) >> (7 - (depth & 7))) & 1) === 1;
    root = nativeCrypto.hashStatePairs(
      INNER_KEY,
      isRight ? concatBytes(sibling, root) : concatBytes(root, sibling),
    );
  }
  const claim = { key: 'pool', value, root };
  const deep = encodeStateProof({ siblings, end: { type: 'present' } });
  ask('state-proof/form', 'accept', 'a path of 256 levels', claim, deep);
  const bits = new Uint8Array(33).fill(255, 0, 32);
  bits[32] = 0x80;
  const deeper = concatBytes(Uint8Array.of(0, 1, 1), bits, ...siblings, siblings[0] as Uint8Array);
  ask('state-proof/form', 'refuse', 'a path of 257 levels', claim, deeper);
  const node = siblings[0] as Uint8Array;
  const raw = (...bytes: readonly number[]): Uint8Array => Uint8Array.from(bytes);
  ask('state-proof/form', 'refuse', 'an end of a fourth kind', claim, raw(3, 0, 0));
  ask(
    'state-proof/form',
    'refuse',
    'a sibling beyond the path',
    claim,
    concatBytes(raw(0, 1, 0, 0xc0), node),
  );
  ask(
    'state-proof/form',
    'refuse',
    'a sibling far beyond the path',
    claim,
    concatBytes(raw(0, 1, 0, 0x81), node),
  );
  ask(
    'state-proof/form',
    'refuse',
    'an empty sibling written out',
    claim,
    concatBytes(raw(0, 1, 0, 0x80), new Uint8Array(32)),
  );
  const zeroFirst = concatBytes(raw(0, 2, 0, 0xc0), new Uint8Array(32), node);
  ask('state-proof/form', 'refuse', 'an empty sibling written out before another', claim, zeroFirst);
  ask(
    'state-proof/form',
    'refuse',
    'the deepest sibling is empty',
    claim,
    concatBytes(raw(0, 2, 0, 0x80), node),
  );
  ask('codec/truncated', 'refuse', 'a proof that ends inside a sibling', claim, deep.subarray(0, -1));
  ask('codec/trailing-bytes', 'refuse', 'a proof and a byte', claim, concatBytes(deep, raw(0)));
}
