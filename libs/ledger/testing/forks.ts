import type { KnownBlock, KnownTransaction, NetworkParams } from '#chain';
import { contractsModule } from '#contracts';
import { type Result, violationToText } from '#errors';
import { createMemoryChain, type MemoryChain } from '../../../chain/testing/memory-chain.js';
import type { BlockChanges } from '../../../chain/testing/mine-block.js';
import type { SubmittedBlock } from '../chain/chain-manager.js';
import type { TestLedger } from './test-ledger.js';

/** A chain of the bare law on the ledger's network that has its first blocks up to a height. */
export function forkAt(chain: MemoryChain, height: number): MemoryChain {
  const fork = createMemoryChain([contractsModule], chain.law.params);
  for (let at = 1; at <= height; at++) addOrThrow(fork, chain.at(at).block);
  return fork;
}

/** A fresh chain with all rules of the network. */
export function newChain(params?: NetworkParams): MemoryChain {
  return createMemoryChain([contractsModule], params);
}

/** Mines a block whose header or coinbase a test chooses, and adds it to the chain. */
export function grow(
  chain: MemoryChain,
  transactions: readonly KnownTransaction[] = [],
  changes: BlockChanges = {},
): KnownBlock {
  const block = chain.draft(transactions, changes);
  addOrThrow(chain, block);
  return block;
}

/** Submits a block with the clock late enough for it. */
export function submit(test: TestLedger, block: KnownBlock): Promise<Result<SubmittedBlock>> {
  test.clock.seconds = Math.max(test.clock.seconds, block.header.time);
  return test.ledger.chain.submitBlock(block.bytes);
}

/** Submits blocks of a chain from a height on and returns the last outcome. */
export async function submitFrom(
  test: TestLedger,
  chain: MemoryChain,
  fromHeight: number,
): Promise<SubmittedBlock['outcome'] | undefined> {
  let outcome: SubmittedBlock['outcome'] | undefined;
  for (let height = fromHeight; height <= chain.height; height++) {
    const result = await submit(test, chain.at(height).block);
    if (!result.ok) throw new Error(violationToText(result.violation));
    outcome = result.value.outcome;
  }
  return outcome;
}

function addOrThrow(chain: MemoryChain, block: KnownBlock): void {
  const added = chain.add(block);
  if (!added.ok) throw new Error(violationToText(added.violation));
}
