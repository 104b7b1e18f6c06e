import { encode, KEPT_VERSIONS, type StateTree } from '#chain';
import { type StateObjectKind, stateObjectPlace } from '#contracts';
import { bytesToHex, concatBytes } from '#crypto';
import { AppError, assertInvariant } from '#errors';
import { MAX_HEADERS } from '#wire';
import { nodeToHeaderBytes } from '../chain/header-chain.js';
import { refusedError } from '../ledger-error.js';
import { type LedgerParts, toAccount } from '../ledger-parts.js';
import type { LedgerPort, StateProofRequest } from '../port.js';

type ProofReads = Pick<LedgerPort, 'headers' | 'stateProof'>;

/** What clients need who trust no node: headers, and proofs of what is in the state. */
export function createProofReads(parts: LedgerParts): ProofReads {
  const { chain } = parts;
  return {
    async headers({ fromHeight, count }) {
      const nodes = [];
      for (let height = fromHeight; nodes.length < Math.min(count, MAX_HEADERS); height++) {
        const node = chain.tree.mainAt(height);
        if (node === undefined) break;
        nodes.push(node);
      }
      const hex = bytesToHex(concatBytes(...nodes.map(nodeToHeaderBytes)));
      return { fromHeight, count: nodes.length, hex };
    },

    async stateProof(request) {
      const { kind, lane, slot, confirmations = 1 } = request;
      const place = stateObjectPlace({ kind, id: toObjectId(parts, request), lane, slot });
      if (!place.ok) throw refusedError(place.violation);
      const { space, key } = place.value;
      const read = await chain.readStateTree((stateTree) => {
        // The tip commits to the state one version back, the block before it to two, and so on.
        const node = chain.tree.mainAt(chain.tip.height - confirmations + 1);
        const proof = stateTree.prove(space, key, confirmations);
        if (node === undefined || proof === undefined) throw unavailable(confirmations, stateTree);
        const value = stateTree.valueAt(space, key, chain.state.get(space, key), confirmations);
        return { node, proof, value: value === undefined ? null : encode(space.value, value) };
      });
      const block = await chain.block(read.node.id);
      assertInvariant(block !== undefined, `block ${read.node.id} is in the tree and not in the store`);
      return {
        blockId: read.node.id,
        height: read.node.height,
        headerHex: bytesToHex(nodeToHeaderBytes(read.node)),
        coinbaseHex: bytesToHex(block.coinbaseBytes),
        valueHex: read.value && bytesToHex(read.value),
        proofHex: bytesToHex(read.proof),
      };
    },
  };
}

/** Accounts may be given as addresses. */
function toObjectId(parts: LedgerParts, { kind, id }: StateProofRequest): string {
  const idOfKind: Record<StateObjectKind, () => string> = {
    account: () => toAccount(parts, id),
    lane: () => toAccount(parts, id),
    offer: () => toAccount(parts, id),
    endpoint: () => toAccount(parts, id),
    anchor: () => toAccount(parts, id),
    contract: () => id,
  };
  return idOfKind[kind]();
}

function unavailable(confirmations: number, stateTree: StateTree): AppError {
  const most = stateTree.versionsBack;
  return new AppError({
    code: 'ledger/proof-unavailable',
    message: `no proof against a block with ${confirmations} confirmations: this node can prove up to ${most} now`,
    next:
      most === 0
        ? 'try again after the next block'
        : `ask for 1 to ${most} confirmations; a node keeps ${KEPT_VERSIONS}, after a deep reorganisation fewer for a while`,
    data: { confirmations, most },
  });
}
