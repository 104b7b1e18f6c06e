import { devnet, encode, potSpace, StateTree, validateStateProof } from '#chain';
import { bytesToHex, encodeBaoSlice, nobleCrypto, verifyBaoSlice, verifyInclusion } from '#crypto';
import { nativeCrypto } from '#crypto-native';
import { createMemoryChain } from '../../../chain/testing/memory-chain.js';
import { scenarioFragment } from '../../../contracts/testing/contract-scenario.js';
import { FindingError, type FuzzTarget } from '../fuzz-target.js';

function sameBytes(left: Uint8Array, right: Uint8Array): boolean {
  return bytesToHex(left) === bytesToHex(right);
}

/** A Bao slice other than the one true slice of its chunk must prove nothing. */
function baoTarget(): FuzzTarget {
  const fragment = scenarioFragment(3, 9_000);
  const { root, slice } = encodeBaoSlice(fragment, 4);
  return {
    name: 'bao-slice',
    form: 'bytes',
    samples: () => [slice],
    run(input) {
      if (verifyBaoSlice(root, input, 4, fragment.length) === undefined) return 'refused';
      if (!sameBytes(input, slice)) throw new FindingError('another slice proves the same chunk');
      return 'accepted';
    },
  };
}

/** State proofs: for every root, key and value there is one proof, and none of a value that is not there. */
function stateProofTarget(): FuzzTarget {
  const chain = createMemoryChain();
  chain.fund(7n, chain.wallet('alice'), chain.wallet('bob'));
  chain.mineTo(9);
  const tree = StateTree.ofState(chain.law, chain.state);
  const { root } = tree;
  const [[key, amount] = ['pool', 0n]] = [...chain.state.entries(potSpace)];
  const claims = [
    { key, value: encode(potSpace.value, amount) },
    { key: 'account:absent', value: undefined },
    { key: 'reward:1000', value: undefined },
  ].map((claim) => ({ ...claim, proof: tree.prove(potSpace, claim.key) ?? new Uint8Array(0) }));
  const { networkId } = devnet;
  return {
    name: 'state-proof',
    form: 'bytes',
    samples: () => claims.map(({ proof }) => proof),
    run(input) {
      let last = 'refused';
      for (const { key: name, value, proof } of claims) {
        const claim = { networkId, root, space: potSpace, key: name, value };
        const violation = validateStateProof(nativeCrypto, claim, input);
        if (violation === undefined && !sameBytes(input, proof))
          throw new FindingError(`a second proof of ${name}`);
        last = violation?.rule ?? 'accepted';
      }
      return last;
    },
  };
}

/** A path of RFC 6962: 32-byte nodes one after the other. */
function inclusionTarget(): FuzzTarget {
  const leaves = Array.from({ length: 11 }, (_, index) => nobleCrypto.sha256(Uint8Array.of(index)));
  const path = nobleCrypto.sha256(Uint8Array.of(99));
  return {
    name: 'inclusion-path',
    form: 'bytes',
    samples: () => [Uint8Array.from([3, 11, ...path, ...path, ...path, ...path])],
    run(input) {
      const [index = 0, size = 0] = input;
      const nodes: Uint8Array[] = [];
      for (let at = 2; at + 32 <= input.length && nodes.length < 64; at += 32)
        nodes.push(input.slice(at, at + 32));
      const claim = { root: path, leafHash: leaves[0] as Uint8Array, index, size, path: nodes };
      if (verifyInclusion(nativeCrypto, claim))
        throw new FindingError('a path out of nothing leads to the root');
      return 'refused';
    },
  };
}

/** A signature of other bytes: the fast road and the oracle give one verdict. */
function signatureTarget(): FuzzTarget {
  const secretKey = nobleCrypto.sha256(Uint8Array.of(1));
  const message = Uint8Array.of(1, 2, 3);
  const good = Uint8Array.from([
    ...nobleCrypto.publicKey(secretKey),
    ...nobleCrypto.sign(secretKey, message),
  ]);
  return {
    name: 'signature',
    form: 'bytes',
    samples: () => [good],
    run(input) {
      const check = { publicKey: input.slice(0, 32), message, signature: input.slice(32) };
      const fast = nativeCrypto.verify(check);
      if (fast !== nobleCrypto.verify(check))
        throw new FindingError(`the fast road says ${fast}, the oracle does not`);
      if (fast && !sameBytes(input, good)) throw new FindingError('a second signature of the same message');
      return fast ? 'accepted' : 'refused';
    },
  };
}

/** Proofs that strangers send, by which this node or client believes something. */
export function proofTargets(): readonly FuzzTarget[] {
  return [baoTarget(), stateProofTarget(), inclusionTarget(), signatureTarget()];
}
