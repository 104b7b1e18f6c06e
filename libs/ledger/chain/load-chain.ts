import {
  applyGenesis,
  type BlockId,
  decodeDiff,
  decodeHeader,
  genesisBlock,
  HEADER_BYTES,
  hashToBlockId,
  headerHash,
  type Law,
  MemoryState,
  type StateDiff,
} from '#chain';
import { AppError } from '#errors';
import type { BlockPlace, ChainStore, StoredBlock } from '../storage/chain-store.js';
import { type BlockFacts, type BlockNode, BlockTree, bitsToWork } from './block-tree.js';

/** The chain as memory holds it. */
export interface LoadedChain {
  readonly tree: BlockTree;
  readonly state: MemoryState;
}

/** Names of the facts a chain file carries about itself. */
const FACTS = { network: 'network', protocolVersion: 'protocol-version', genesis: 'genesis' } as const;

/**
 * Brings tree and state back from the stored blocks and their diffs, checking that every block hashes to its id,
 * follows its parent and can be undone. A new file gets the genesis block.
 * @throws AppError `ledger/wrong-network`, `ledger/protocol-version`, `ledger/wrong-genesis`, `ledger/store-corrupt`
 */
export async function loadChain(law: Law, store: ChainStore): Promise<LoadedChain> {
  const genesis = genesisBlock(law);
  const facts = await store.meta();
  if (facts.size === 0) {
    await store.appendMain(
      {
        block: genesis,
        applied: applyGenesis(law),
        totalWork: bitsToWork(genesis.header.bits),
        minted: 0n,
        burned: 0n,
      },
      {
        [FACTS.network]: law.params.name,
        [FACTS.protocolVersion]: String(law.params.protocolVersion),
        [FACTS.genesis]: genesis.id,
      },
    );
  } else {
    checkFacts(law, store.file, facts, genesis.id);
  }
  const tree = new BlockTree(law.params.contract.epochBlocks);
  const state = new MemoryState();
  let last: BlockNode | undefined;
  for await (const stored of store.mainBlocks()) {
    last = loadBlock(law, store, stored, tree, last);
    state.apply(readUndo(law, store, stored));
  }
  const tip = await store.tip();
  if (last === undefined || last.id !== tip) {
    throw store.damaged(`its tip is ${tip ?? 'missing'}, its last block ${last?.id ?? 'missing'}`);
  }
  tree.setTip(last);
  for (const place of await store.sidePlaces()) {
    const parent = tree.get(place.parentId as BlockId);
    if (parent === undefined) throw store.damaged(`block ${place.id} has no parent in the file`);
    const node = tree.add(placeToFacts(place), parent);
    node.status = place.status;
    countSupply(node, place);
  }
  return { tree, state };
}

/** The diff of a stored block. */
export function readUndo(law: Law, store: ChainStore, stored: StoredBlock): StateDiff {
  if (stored.undo === undefined) throw store.damaged(`block ${stored.id} has no undo data`);
  const diff = decodeDiff(law.namespaces, stored.undo);
  if (!diff.ok) {
    throw store.damaged(`the undo data of block ${stored.id} does not decode (${diff.violation.rule})`);
  }
  return diff.value;
}

function loadBlock(
  law: Law,
  store: ChainStore,
  stored: StoredBlock,
  tree: BlockTree,
  parent: BlockNode | undefined,
): BlockNode {
  const header = decodeHeader(stored.bytes.subarray(0, HEADER_BYTES));
  if (!header.ok) throw store.damaged(`block ${stored.id} does not decode (${header.violation.rule})`);
  const id = hashToBlockId(headerHash(law.crypto, header.value));
  const expectedParent = parent?.id ?? '00'.repeat(32);
  if (id !== stored.id || hashToBlockId(header.value.previous) !== expectedParent) {
    throw store.damaged(`the block stored as ${stored.id} is ${id} and does not follow ${expectedParent}`);
  }
  if (stored.height !== (parent === undefined ? 0 : parent.height + 1)) {
    throw store.damaged(`block ${id} is stored at height ${stored.height}`);
  }
  const { time: timeSeconds, bits } = header.value;
  const node = tree.add({ id, timeSeconds, bits, transactionCount: stored.transactionCount }, parent);
  node.status = 'applied';
  countSupply(node, stored);
  return node;
}

function placeToFacts({ id, timeSeconds, bits, transactionCount }: BlockPlace): BlockFacts {
  return { id: id as BlockId, timeSeconds, bits, transactionCount };
}

function countSupply(node: BlockNode, place: BlockPlace): void {
  node.minted = BigInt(place.minted ?? 0);
  node.burned = BigInt(place.burned ?? 0);
}

function checkFacts(law: Law, file: string, facts: ReadonlyMap<string, string>, genesis: BlockId): void {
  const network = facts.get(FACTS.network);
  if (network !== law.params.name) {
    throw new AppError({
      code: 'ledger/wrong-network',
      message: `the data in ${file} belongs to the network '${network}', this process runs '${law.params.name}'`,
      next: `start with --network ${network}, or give this network a folder of its own with --data-dir`,
      data: { file, stored: network, expected: law.params.name },
    });
  }
  const version = facts.get(FACTS.protocolVersion);
  if (version !== String(law.params.protocolVersion)) {
    throw new AppError({
      code: 'ledger/protocol-version',
      message: `the data in ${file} was written by protocol version ${version}, this program speaks ${law.params.protocolVersion}`,
      next: 'start over with --reset (a devnet is disposable), or run the version that wrote it',
      data: { file, stored: version, expected: law.params.protocolVersion },
    });
  }
  if (facts.get(FACTS.genesis) !== genesis) {
    throw new AppError({
      code: 'ledger/wrong-genesis',
      message: `the chain in ${file} starts at ${facts.get(FACTS.genesis)}, this network at ${genesis}`,
      next: 'start over with --reset, or give this network a folder of its own with --data-dir',
      data: { file, stored: facts.get(FACTS.genesis), expected: genesis },
    });
  }
}
