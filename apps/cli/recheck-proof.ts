import {
  type BlockId,
  bitsToTarget,
  type ContractId,
  decodeBlock,
  decodeHeader,
  hashToBlockId,
  hashToNumber,
  headerHash,
  type KnownBlock,
  type KnownTransaction,
  type Law,
  validateCommitments,
} from '#chain';
import { explainProof, type FormBody, type ProofExplanation, type ProveBody } from '#contracts';
import { bytesToHex, hexToBytes } from '#crypto';
import { AppError, violationToText } from '#errors';
import type { NodeClient } from '#node-api';
import type { EpochProofView } from '#wire';

/** What checking a proof again came to. */
export interface RecheckedProof {
  readonly explanation: ProofExplanation;
  /**
   * Where the root comes from that the proof is checked against: out of the contract's own `form` in its block, or, where
   * the list was changed since, from the node's word for the snapshot.
   */
  readonly rootFrom: 'form' | 'node';
}

/**
 * Checks an epoch's proof again from raw blocks: the challenge block's header gives the draws, the block that holds the
 * proof gives its bytes. Taken from the node on trust is only which blocks are on the main chain (`cairn verify` checks
 * that), and the snapshot where the contract was revised.
 * @throws AppError `proof/unverifiable` where there is nothing to check, `proof/forged` where the blocks say otherwise
 */
export async function recheckProof(
  node: NodeClient,
  law: Law,
  view: EpochProofView,
): Promise<RecheckedProof> {
  const { challenge, transaction, contract, epoch } = view;
  if (challenge === null || transaction === null || transaction.blockId === null) {
    throw new AppError({
      code: 'proof/unverifiable',
      message: `Epoch ${epoch} is ${view.outcome}: there is no proof to check.`,
      next: 'Look at `cairn contracts show` for what happened instead.',
    });
  }
  await assertChallengeBlock(node, law, challenge);
  const found = transactionOf(await readBlock(node, law, transaction.blockId), transaction.id, 'prove');
  const body = found.transaction.body as ProveBody;
  if (body.contract !== contract || body.epoch !== epoch)
    throw forged(`the transaction ${transaction.id} proves epoch ${body.epoch} of ${body.contract}`);
  const formRoot = await rootOfForm(node, law, contract);
  if (formRoot !== undefined && formRoot !== challenge.root)
    throw forged(`the contract was formed over ${formRoot}, the snapshot says ${challenge.root}`);
  const explanation = explainProof(
    law.crypto,
    law.params,
    {
      contract: contract as ContractId,
      epoch,
      blockId: challenge.blockId as BlockId,
      root: hexToBytes(challenge.root),
      leafCount: challenge.leafCount,
      totalChunks: BigInt(challenge.totalChunks),
    },
    body.proof,
  );
  return { explanation, rootFrom: formRoot === undefined ? 'node' : 'form' };
}

/** The header that is at the challenge's height hashes to the id that seeds the draws, with its work done. */
async function assertChallengeBlock(
  node: NodeClient,
  law: Law,
  challenge: NonNullable<EpochProofView['challenge']>,
): Promise<void> {
  const { hex } = await node.headers({ fromHeight: challenge.height, count: 1 });
  const header = decodeHeader(hexToBytes(hex));
  if (!header.ok) throw forged(violationToText(header.violation));
  const hash = headerHash(law.crypto, header.value);
  if (hashToBlockId(hash) !== challenge.blockId)
    throw forged(
      `block ${challenge.height} is ${hashToBlockId(hash)}, the challenge says ${challenge.blockId}`,
    );
  const target = bitsToTarget(header.value.bits);
  if (!target.ok || hashToNumber(hash) > target.value) throw forged(`block ${challenge.blockId} has no work`);
}

async function readBlock(node: NodeClient, law: Law, ref: string): Promise<KnownBlock> {
  const raw = await node.rawBlock({ ref });
  if (raw === null) {
    throw new AppError({
      code: 'proof/unverifiable',
      message: `The node has no block ${ref} on its main chain any more.`,
      next: 'A reorganisation may have come between: run the command again.',
    });
  }
  const block = decodeBlock(law, hexToBytes(raw.hex));
  if (!block.ok) throw forged(violationToText(block.violation));
  const violation = validateCommitments(law, block.value);
  if (violation !== undefined) throw forged(violationToText(violation));
  if (block.value.id !== raw.id) throw forged(`block ${raw.id} hashes to ${block.value.id}`);
  return block.value;
}

function transactionOf(block: KnownBlock, id: string, kind: string): KnownTransaction {
  const found = block.transactions.find((known) => known.id === id);
  if (found?.transaction.kind === kind) return found;
  throw forged(`block ${block.id} holds no ${kind} transaction ${id}`);
}

/** The root a contract was formed over, where its list is still that one; undefined where it was changed. */
async function rootOfForm(node: NodeClient, law: Law, contract: string): Promise<string | undefined> {
  const view = await node.contract({ id: contract });
  if (view === null || view.revision !== 0 || view.droppedChunks !== '0') return undefined;
  const [formed] = await node.contractTimeline({ id: contract });
  const id = formed?.data['transaction'];
  if (formed === undefined || typeof id !== 'string') return undefined;
  const block = await readBlock(node, law, formed.blockId);
  const known = block.transactions.find((each) => each.id === id);
  const body = known?.transaction.body as Partial<FormBody> | undefined;
  // Form, renew and replace all carry the agreement.
  return body?.agreement === undefined ? undefined : bytesToHex(body.agreement.root);
}

function forged(what: string): AppError {
  return new AppError({
    code: 'proof/forged',
    message: `What the node says about this proof does not hold: ${what}.`,
    next: 'Ask another node with --node-url; the one asked is wrong or lies.',
  });
}
