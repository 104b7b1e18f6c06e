import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { type KnownBlock, type Law, type NetworkParams, StateTree } from '#chain';
import { createNetworkLaw } from '#contracts';
import { bytesToHex } from '#crypto';
import { nativeCrypto } from '#crypto-native';
import { type ChainStore, createMemoryChainStore } from '#ledger';
import { fastDevnet, type MemoryChain } from '../../chain/testing/memory-chain.js';
import { findDifference, snapshotState } from '../../chain/testing/state-snapshot.js';
import { ChainManager } from '../../libs/ledger/chain/chain-manager.js';
import { BlockTreeHistory, type Branching } from './block-tree-history.js';
import { rounds, wholeMarket } from './market-arbitrary.js';
import { MarketHistory, type Round } from './market-history.js';

const seed = Math.floor(Math.random() * 2 ** 31);
process.stdout.write(`chain-roots: fast-check seed ${seed}\n`);

/** Difficulty per block that reacts within minutes: branches of one length weigh differently. */
const nervous: NetworkParams = {
  ...fastDevnet,
  proofOfWork: {
    genesisBits: 0x2040_0000,
    limitBits: 0x207f_ffff,
    blockSeconds: 60,
    adjustment: 'asert',
    halfLifeSeconds: 600,
  },
};

const seen = { blocks: 0, sideBlocks: 0, orphans: 0, restarts: 0, reorganizations: 0, transactions: 0 };

function holds(condition: boolean, claim: string): void {
  if (!condition) throw new Error(claim);
}

const rootOf = (chain: MemoryChain): string => bytesToHex(chain.stateTree.root);
const rootFromScratch = (chain: MemoryChain): string =>
  bytesToHex(StateTree.ofState(chain.law, chain.state).root);

/** Every coin is in some pot, after every block. */
function checkConserved(chain: MemoryChain): void {
  const { minted, burned, held } = chain.audit();
  holds(held === minted - burned, `${held} coins are held, ${minted} were minted and ${burned} burned`);
}

function checkRoots(history: readonly Round[]): void {
  const market = new MarketHistory();
  const { chain } = market;
  const roots = new Map<number, string>();
  for (const round of history) {
    const added = chain.add(chain.draft(market.propose(round)));
    if (!added.ok) throw new Error(`template refused: ${added.violation.rule}`);
    for (let idle = 0; idle < round.idleBlocks; idle++) chain.mineBlock();
  }
  // Back over every block, there and back again at each.
  const blocks: KnownBlock[] = [];
  while (chain.height > 0) {
    const { height } = chain;
    checkConserved(chain);
    const root = rootOf(chain);
    if (height % 5 === 0)
      holds(root === rootFromScratch(chain), `block ${height}: the tree is not the state's`);
    roots.set(height, root);
    const block = chain.revertTip();
    holds(
      chain.add(block).ok && rootOf(chain) === root,
      `block ${height}: apply after revert is not the same`,
    );
    blocks.unshift(chain.revertTip());
  }
  holds(rootOf(chain) === rootFromScratch(chain), 'genesis: the tree is not the state’s');
  for (const block of blocks) {
    holds(chain.add(block).ok, `block ${block.coinbase.height} is not taken again`);
    holds(rootOf(chain) === roots.get(chain.height), `block ${chain.height}: another root the second time`);
    seen.transactions += block.transactions.length;
  }
  holds(rootOf(chain) === rootFromScratch(chain), 'the tip: the tree is not the state’s');
}

/** A node with its blocks in memory, and what it was given too early. */
class Node {
  private orphans: KnownBlock[] = [];

  private constructor(
    private readonly law: Law,
    private readonly store: ChainStore,
    private manager: ChainManager,
  ) {}

  static async start(params: NetworkParams, store = createMemoryChainStore()): Promise<Node> {
    const law = createNetworkLaw(params, nativeCrypto);
    return new Node(law, store, await open(law, store));
  }

  get chain(): ChainManager {
    return this.manager;
  }

  /** Takes a block in, or keeps it until its parent is there. */
  async give(block: KnownBlock): Promise<void> {
    const result = await this.manager.submitBlock(block.bytes);
    if (!result.ok) {
      if (result.violation.rule !== 'block/unknown-parent') throw new Error(result.violation.rule);
      seen.orphans += 1;
      this.orphans.push(block);
      return;
    }
    if (result.value.outcome === 'reorganized') seen.reorganizations += 1;
    const waiting = this.orphans;
    this.orphans = [];
    for (const orphan of waiting) await this.give(orphan);
  }

  /** As a process that ends and starts again; what it only held in memory is sent again by others. */
  async restart(): Promise<void> {
    await this.manager.idle();
    this.manager = await open(this.law, this.store);
  }
}

function open(law: Law, store: ChainStore): Promise<ChainManager> {
  return ChainManager.open({
    law,
    store,
    verifyBatch: async (checks) => law.crypto.verifyBatch(checks),
    clock: () => Number.MAX_SAFE_INTEGER,
  });
}

const branching: fc.Arbitrary<Branching> = fc.record({
  from: fc.nat(50),
  depth: fc.oneof({ weight: 2, arbitrary: fc.nat(3) }, { weight: 1, arbitrary: fc.nat(20) }),
  isRival: fc.boolean(),
  transfers: fc.array(fc.nat(2), { minLength: 1, maxLength: 6 }),
  lateSeconds: fc.constantFrom(0, 0, 30, 60, 120, 200),
});

async function checkOrders(
  params: NetworkParams,
  branches: readonly Branching[],
  order: readonly number[],
): Promise<void> {
  const tree = new BlockTreeHistory(params);
  for (const branch of branches) tree.play(branch);
  tree.decide();
  const { blocks, chain } = tree;
  seen.blocks += blocks.length;
  seen.sideBlocks += blocks.length - chain.height;
  const first = await Node.start(params);
  for (const block of blocks) await first.give(block);
  // Any order: each block goes to a place of its own, and every seventh comes twice.
  const shuffled = blocks
    .map((block, index) => ({ block, place: order[index % order.length] as number, index }))
    .sort((a, b) => a.place - b.place || b.index - a.index)
    .flatMap(({ block, index }) => (index % 7 === 0 ? [block, block] : [block]));
  const second = await Node.start(params);
  for (const [index, block] of shuffled.entries()) {
    await second.give(block);
    if (index % 16 !== 15) continue;
    seen.restarts += 1;
    await second.restart();
  }
  for (const node of [first, second]) {
    await node.restart();
    const { tip, state } = node.chain;
    holds(
      tip.id === chain.tip.block.id,
      `a node ends at ${tip.height}, the leading tip is at ${chain.height}`,
    );
    const { stateRoot } = node.chain.tipSupplement();
    holds(bytesToHex(stateRoot) === rootOf(chain), 'a node has another root');
    const difference = findDifference(snapshotState(chain.law, state), chain.snapshot());
    holds(difference === undefined, `a node has another ${difference}`);
  }
}

describe('random chains', () => {
  test('apply and revert lead to the same root, block by block and all together; no coin is lost', () => {
    fc.assert(fc.property(rounds, checkRoots), {
      seed,
      examples: [[wholeMarket]],
      numRuns: 12,
      interruptAfterTimeLimit: 8_000,
      markInterruptAsFailure: false,
    });
    expect(seen.transactions).toBeGreaterThan(0);
  });

  test.each([
    ['constant difficulty', fastDevnet],
    ['difficulty per block', nervous],
  ])('two nodes end at one root whatever order the blocks come in: %s', async (_, params) => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(branching, { minLength: 2, maxLength: 10 }),
        fc.array(fc.nat(1_000), { minLength: 60, maxLength: 60 }),
        (branches, order) => checkOrders(params, branches, order),
      ),
      { seed, numRuns: 25, interruptAfterTimeLimit: 8_000, markInterruptAsFailure: false },
    );
    process.stdout.write(`chain-roots: ${JSON.stringify(seen)}\n`);
    for (const [what, number] of Object.entries(seen)) holds(number > 0, `no history had ${what}`);
  });
});
