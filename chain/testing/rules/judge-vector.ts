import { bytesToHex, hexToBytes } from '#crypto';
import { assertInvariant, type Result } from '#errors';
import { addressToAccountId } from '../../account/address.js';
import { decodeBlock } from '../../block/block.js';
import { decodeHeader } from '../../block/header.js';
import { validateClock, validateHeader } from '../../block/header-rules.js';
import type { Law } from '../../law/law.js';
import { bitsToTarget, targetToBytes } from '../../pow/target.js';
import { decodeDiff, encodeDiff } from '../../state/diff.js';
import { validateStateProof } from '../../state-tree/state-proof.js';
import { decodeTransaction, transactionSignatures } from '../../tx/transaction-codec.js';
import type { MemoryChain } from '../memory-chain.js';
import type { RuleVector } from './rule-vector.js';

/** What the law says to a vector: the verdict and what acceptance gives. */
export interface Judgement {
  readonly verdict: string;
  readonly gives?: string;
}

/** Judges the subjects that the chain does not know. */
export type JudgeOther = (vector: RuleVector) => Judgement;

function judged<T>(result: Result<T>, gives: (value: T) => string | undefined): Judgement {
  if (!result.ok) return { verdict: result.violation.rule };
  const given = gives(result.value);
  return given === undefined ? { verdict: 'accept' } : { verdict: 'accept', gives: given };
}

function judgeTransaction(law: Law, bytes: Uint8Array): Judgement {
  const known = decodeTransaction(law, bytes);
  if (!known.ok) return { verdict: known.violation.rule };
  const verdicts = law.crypto.verifyBatch(transactionSignatures(law, known.value));
  if (verdicts.includes(false)) return { verdict: 'tx/signature' };
  return { verdict: 'accept', gives: known.value.id };
}

/** A block is judged by the whole law, signatures included; the chain is left as it was. */
function judgeBlock(chain: MemoryChain, bytes: Uint8Array): Judgement {
  const block = decodeBlock(chain.law, bytes);
  if (!block.ok) return { verdict: block.violation.rule };
  const added = chain.add(block.value);
  if (!added.ok) return { verdict: added.violation.rule };
  const gives = bytesToHex(chain.stateTree.root);
  chain.revertTip();
  return { verdict: 'accept', gives };
}

function judgeStateProof({ claim }: RuleVector, law: Law, proof: Uint8Array): Judgement {
  assertInvariant(claim !== undefined, 'a proof needs a claim');
  const { namespace, key, value, root } = claim;
  const violation = validateStateProof(
    law.crypto,
    {
      networkId: law.params.networkId,
      root: hexToBytes(root),
      space: { code: namespace },
      key,
      value: value === undefined ? undefined : hexToBytes(value),
    },
    proof,
  );
  return { verdict: violation?.rule ?? 'accept' };
}

/** Asks the law, through its public entry points alone. `chain` ends at the vector's height. */
export function judgeVector(
  vector: RuleVector,
  law: Law,
  chain: MemoryChain | undefined,
  judgeOther?: JudgeOther,
): Judgement {
  const bytes = hexToBytes(vector.bytes ?? '');
  const after = (): MemoryChain => {
    assertInvariant(chain !== undefined, `the vector '${vector.why}' needs a chain`);
    return chain;
  };
  switch (vector.subject) {
    case 'address':
      return judged(addressToAccountId(law.params, vector.text ?? ''), (account) => account);
    case 'bits':
      return judged(bitsToTarget(vector.bits ?? 0), (target) => bytesToHex(targetToBytes(target)));
    case 'block':
      return judgeBlock(after(), bytes);
    case 'diff':
      return judged(decodeDiff(law.namespaces, bytes), (diff) => bytesToHex(encodeDiff(diff)));
    case 'transaction':
      return judgeTransaction(law, bytes);
    case 'state-proof':
      return judgeStateProof(vector, law, bytes);
    case 'state-object':
      assertInvariant(judgeOther !== undefined, `nobody judges '${vector.subject}' here`);
      return judgeOther(vector);
    case 'clock':
    case 'header': {
      const header = decodeHeader(bytes);
      if (!header.ok) return { verdict: header.violation.rule };
      const violation =
        vector.subject === 'clock'
          ? validateClock(header.value, vector.nowSeconds ?? 0)
          : validateHeader(law, header.value, after().supplement());
      return { verdict: violation?.rule ?? 'accept' };
    }
  }
}
