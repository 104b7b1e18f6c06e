import { type BlockId, type ContractId, isHexId, type KnownTransaction } from '#chain';
import {
  challengeHeight,
  contractSpace,
  type ExplainedChallenge,
  explainProof,
  type ProveBody,
  type StorageContract,
  windowCloseHeight,
  windowOpenHeight,
} from '#contracts';
import { hexToBytes } from '#crypto';
import type { EpochProofView, ObjectEventView } from '#wire';
import { type BlockCache, type LedgerParts, whenIndexed } from '../ledger-parts.js';
import type { LedgerPort } from '../port.js';
import { objectEventToView, transactionToView } from '../views/chain-views.js';
import { explanationToView } from '../views/proof-view.js';

type EpochProofReads = Pick<LedgerPort, 'epochProof'>;

/** Reads of challenges and their proofs, long after their windows closed. */
export function createEpochProofReads(parts: LedgerParts, cache: BlockCache): EpochProofReads {
  const { law, chain, queries } = parts;
  const { params } = law;

  /** What happened to the contract from the challenge's block to the one that closes its window. */
  const eventsOf = async (id: string, contract: StorageContract, epoch: number) => {
    const from = challengeHeight(law, id as ContractId, contract, epoch);
    const rows = await queries.eventsBetween(id, from, windowCloseHeight(params, from) + 1);
    return rows.map((row) => objectEventToView(chain.tree, row)).filter((event) => event !== undefined);
  };

  const transactionAt = async (event: ObjectEventView) => {
    const block = await cache.get(event.blockId as BlockId);
    const id = event.data['transaction'];
    const position = block?.transactions.findIndex((known) => known.id === id) ?? -1;
    const known = block?.transactions[position];
    if (known === undefined) return undefined;
    const { blockId, height } = event;
    return { known, view: transactionToView(law, known, { blockId, height, position }) };
  };

  return {
    async epochProof({ id, epoch }) {
      const contract = isHexId(id, 32) ? chain.state.get(contractSpace, id) : undefined;
      if (contract === undefined || epoch >= contract.nextEpoch) return null;
      await whenIndexed(parts);
      const events = (await eventsOf(id, contract, epoch)).filter(({ data }) => data['epoch'] === epoch);
      const named = (name: string) => events.find((event) => event.name === `contract/${name}`);
      const challenged = named('challenged');
      const proved = named('proved');
      const found = proved && (await transactionAt(proved));
      const snapshot = challenged && toSnapshot(id, epoch, challenged);
      return {
        contract: id,
        epoch,
        outcome: outcomeOf(contract, epoch, events),
        challenge:
          challenged === undefined
            ? null
            : {
                height: challenged.height,
                blockId: challenged.blockId,
                opensAt: windowOpenHeight(params, challenged.height),
                closesAt: windowCloseHeight(params, challenged.height),
                root: String(challenged.data['root']),
                leafCount: Number(challenged.data['leafCount']),
                totalChunks: String(challenged.data['totalChunks']),
                tranche: String(challenged.data['tranche']),
              },
        transaction: found?.view ?? null,
        explanation:
          found === undefined || snapshot === undefined
            ? null
            : explanationToView(explainProof(law.crypto, params, snapshot, proofOf(found.known))),
      };
    },
  };
}

function proofOf({ transaction }: KnownTransaction): ProveBody['proof'] {
  return (transaction.body as ProveBody).proof;
}

function toSnapshot(id: string, epoch: number, { blockId, data }: ObjectEventView): ExplainedChallenge {
  return {
    contract: id as ContractId,
    epoch,
    blockId: blockId as BlockId,
    root: hexToBytes(String(data['root'])),
    leafCount: Number(data['leafCount']),
    totalChunks: BigInt(String(data['totalChunks'])),
  };
}

function outcomeOf(
  contract: StorageContract,
  epoch: number,
  events: readonly ObjectEventView[],
): EpochProofView['outcome'] {
  const names = new Set(events.map(({ name }) => name));
  if (names.has('contract/proved')) return 'proven';
  if (names.has('contract/missed')) return 'missed';
  if (names.has('contract/skipped')) return 'skipped';
  return contract.window?.epoch === epoch ? 'open' : 'void';
}
