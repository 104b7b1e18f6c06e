import {
  accountPot,
  type BlockView,
  bountyPot,
  type ContractId,
  escrowPot,
  hexId,
  MINT,
  POOL,
  PROOF_MINT,
  struct,
  type TxKind,
  type TypeOf,
  u32,
  vestingPot,
} from '#chain';
import { equalBytes } from '#crypto';
import { assertInvariant, type Violation } from '#errors';
import { type ChallengeWindow, contractSpace, type StorageContract } from '../lifecycle/contract-object.js';
import { storeContract, windowOpenHeight } from '../lifecycle/schedule.js';
import { mintForProof } from '../money/lot.js';
import { splitTranche } from '../money/price.js';
import { challengePlan } from './challenge.js';
import { storageProofSchema } from './storage-proof.js';
import { validateStorageProof } from './verify-proof.js';

const bodySchema = struct({ contract: hexId<ContractId>(32), epoch: u32, proof: storageProofSchema });

export type ProveBody = TypeOf<typeof bodySchema>;

/** A provider's proof that it still holds what it was paid to keep; pays one tranche. */
export const prove: TxKind<'prove', ProveBody> = {
  name: 'prove',
  code: 12,
  body: bodySchema,
  replay: 'unique',
  reserved: true,
  uniqueKey: (body) => `${body.contract}:${body.epoch}`,
  apply(view, body, context) {
    const contract = view.get(contractSpace, body.contract);
    if (contract === undefined) return { rule: 'prove/no-contract', contract: body.contract };
    if (!equalBytes(contract.providerKey, context.sender)) {
      return { rule: 'prove/not-provider', contract: body.contract, provider: contract.provider };
    }
    const window = contract.window;
    if (window === undefined || window.epoch !== body.epoch) {
      return {
        rule: 'prove/no-window',
        contract: body.contract,
        epoch: body.epoch,
        open: window?.epoch ?? 'none',
      };
    }
    const violation = validateWindow(view, window) ?? validateProof(view, body, window);
    if (violation !== undefined) return violation;
    payProof(view, body, contract, window, context.id);
    return undefined;
  },
  // The fee comes out of the tranche, so that a provider with an empty account can still earn; never out of anything
  // else the payout account holds, or a provider could name a stranger's account and give its coins to a miner.
  feePot(view, body, context) {
    const contract = view.get(contractSpace, body.contract);
    assertInvariant(contract !== undefined, `contract ${body.contract} was proven and is gone`);
    assertInvariant(contract.window !== undefined, `the window of ${body.contract} was proven and is gone`);
    const { paid } = splitTranche(view.params, contract.window.tranche);
    return accountPot(context.fee <= paid ? contract.payout : context.account);
  },
};

function validateWindow(view: BlockView, window: ChallengeWindow): Violation | undefined {
  const opensAt = windowOpenHeight(view.params, window.challengeHeight);
  if (view.height < opensAt) return { rule: 'prove/too-early', height: view.height, opensAt };
  if (window.proven) return { rule: 'prove/already', epoch: window.epoch };
  return undefined;
}

function validateProof(view: BlockView, body: ProveBody, window: ChallengeWindow): Violation | undefined {
  const blockId = view.context.blockIdAt(window.challengeHeight);
  assertInvariant(blockId !== undefined, `the supplement lacks block ${window.challengeHeight}`);
  const plan = challengePlan(view.crypto, view.params, {
    contract: body.contract,
    epoch: body.epoch,
    blockId,
    totalChunks: window.totalChunks,
  });
  const { root, leafCount } = window;
  return validateStorageProof(view.crypto, { root, leafCount, ...plan }, body.proof);
}

function payProof(
  view: BlockView,
  body: ProveBody,
  contract: StorageContract,
  window: ChallengeWindow,
  transaction: string,
): void {
  const id = body.contract;
  const payout = accountPot(contract.payout);
  const { paid, vesting } = splitTranche(view.params, window.tranche);
  view.mustMove(escrowPot(id), payout, paid, 'tranche', id);
  view.mustMove(escrowPot(id), vestingPot(id), vesting, 'tranche-vesting', id);
  // Promised to whoever took over a lost contract; it holds the fragments now.
  view.mustMove(bountyPot(id), payout, view.balance(bountyPot(id)), 'bounty', id);
  const { toMiner, toPool, lots } = mintForProof(contract.lots, window.epoch);
  view.mustMove(MINT, PROOF_MINT, toMiner, 'mint-inclusion', id);
  view.mustMove(MINT, POOL, toPool, 'mint-pool', id);
  storeContract(view, id, {
    ...contract,
    proven: contract.proven + 1,
    lastMissed: undefined,
    minted: contract.minted + toMiner + toPool,
    lots,
    window: { ...window, proven: true },
  });
  view.emit({
    type: 'object',
    name: 'contract/proved',
    subject: id,
    data: { epoch: body.epoch, paid, vesting, minted: toMiner + toPool, transaction },
  });
}
