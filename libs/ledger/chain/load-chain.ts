import {
  applyGenesis,
  type BlockId,
  bitsToWork,
  decodeHeader,
  genesisBlock,
  hashToBlockId,
  KEPT_VERSIONS,
  type Law,
  type StateTree,
} from '#chain';
import { AppError } from '#errors';
import type { BlockPlace, ChainStore } from '../storage/chain-store.js';
import type { StateSnapshots } from '../storage/state-snapshots.js';
import { type BlockFacts, type BlockNode, BlockTree } from './block-tree.js';
import { headerToSeal } from './header-chain.js';
import type { LedgerState } from './ledger-state.js';
import { loadState } from './load-state.js';
import { replayStateTree } from './replay.js';

/** The chain as memory holds it. */
export interface LoadedChain {
  readonly tree: BlockTree;
  readonly state: LedgerState;
  readonly stateTree: StateTree;
}

/** Names of the facts a chain file carries about itself. */
const FACTS = { network: 'network', protocolVersion: 'protocol-version', genesis: 'genesis' } as const;

/**
 * Brings the tree back from the stored headers, checking that each hashes to its id and follows its parent, and the
 * state from a snapshot and what the blocks after it did. A new file gets the genesis block.
 * @throws AppError `ledger/wrong-network`, `ledger/protocol-version`, `ledger/wrong-genesis`, `ledger/store-corrupt`
 */
export async function loadChain(
  law: Law,
  store: ChainStore,
  snapshots?: StateSnapshots,
): Promise<LoadedChain> {
  const genesis = genesisBlock(law);
  const facts = await store.meta();
  if (facts.size === 0) {
    for await (const { id } of store.places())
      throw store.damaged(`it holds block ${id} and says nothing about itself`);
    await store.appendMain(
      [
        {
          block: genesis,
          applied: applyGenesis(law),
          totalWork: bitsToWork(genesis.header.bits),
          minted: 0n,
          burned: 0n,
        },
      ],
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
  tree.setTip(await loadPlaces(law, store, tree));
  return { tree, ...(await loadTipState(law, store, tree, snapshots)) };
}

/** A snapshot that leads to another state than the blocks commit to is thrown away, and the one before it tried. */
async function loadTipState(
  law: Law,
  store: ChainStore,
  tree: BlockTree,
  snapshots: StateSnapshots | undefined,
): Promise<Omit<LoadedChain, 'tree'>> {
  const base = tree.mainAt(Math.max(0, tree.tip.height - KEPT_VERSIONS)) as BlockNode;
  for (;;) {
    const { state, snapshot } = await loadState(law, store, tree, base, snapshots);
    try {
      return { state, stateTree: await replayStateTree(law, store, tree, state, base) };
    } catch (error) {
      if (snapshot === undefined || snapshots === undefined) throw error;
      await snapshots.discard(snapshot, (error as Error).message);
    }
  }
}

/** Fills the tree from the headers of all stored blocks; answers the tip. Bodies are not read. */
async function loadPlaces(law: Law, store: ChainStore, tree: BlockTree): Promise<BlockNode> {
  let mainCount = 0;
  for await (const place of store.places()) {
    const node = tree.add(placeToFacts(law, store, place), parentOf(store, tree, place));
    if (node.height !== place.height)
      throw store.damaged(`block ${place.id} is stored at height ${place.height}`);
    node.status = place.status;
    node.minted = BigInt(place.minted ?? 0);
    node.burned = BigInt(place.burned ?? 0);
    if (place.isOnMain) mainCount += 1;
  }
  const tipId = await store.tip();
  const tip = tipId && tree.get(tipId);
  if (!tip) throw store.damaged(`its tip ${tipId ?? ''} is missing`);
  if (mainCount !== tip.height + 1) {
    throw store.damaged(`it marks ${mainCount} blocks as the chain up to height ${tip.height}`);
  }
  return tip;
}

function parentOf(store: ChainStore, tree: BlockTree, place: BlockPlace): BlockNode | undefined {
  const parent = tree.get(place.parentId);
  if (parent === undefined && tree.size > 0)
    throw store.damaged(`block ${place.id} has no parent in the file`);
  return parent;
}

/** The header as it was stored must hash to the id and name the parent. */
function placeToFacts(law: Law, store: ChainStore, place: BlockPlace): BlockFacts {
  const header = decodeHeader(place.header);
  if (!header.ok) throw store.damaged(`block ${place.id} does not decode (${header.violation.rule})`);
  const id = hashToBlockId(law.crypto.sha256d(place.header));
  const { previous, time: timeSeconds, bits } = header.value;
  const seal = headerToSeal(header.value);
  if (id !== place.id || hashToBlockId(previous) !== place.parentId) {
    throw store.damaged(`the block stored as ${place.id} is ${id} and follows ${hashToBlockId(previous)}`);
  }
  return { id, timeSeconds, bits, transactionCount: place.transactionCount, seal };
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
