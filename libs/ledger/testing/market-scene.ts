import { bytesToHex } from '#crypto';
import {
  type ContractScenario,
  createContractScenario,
} from '../../../contracts/testing/contract-scenario.js';
import type { TestLedger } from './test-ledger.js';

/** Feeds every block a chain of the bare law has and the ledger lacks, through the door all blocks come in by. */
export async function feedScenario(test: TestLedger, scenario: ContractScenario): Promise<void> {
  for (let height = test.height + 1; height <= scenario.chain.height; height++) {
    const { block } = scenario.chain.at(height);
    test.clock.seconds = Math.max(test.clock.seconds, block.header.time);
    await test.ledger.submitBlock({ hex: bytesToHex(block.bytes) });
  }
}

/**
 * A ledger with a market on it: a client's contract with a provider, its first epoch proven, the challenge of the
 * second open; an endpoint and an anchor; one transfer that waits.
 */
export async function stageMarket(test: TestLedger): Promise<ContractScenario> {
  const scenario = createContractScenario({ epochs: 3 });
  scenario.form();
  scenario.proveEpoch(0);
  scenario.openWindow(1);
  await feedScenario(test, scenario);
  const { client, provider } = scenario.terms;
  const addresses = ['http://127.0.0.1:7110'];
  await test.send(provider, {
    kind: 'endpoint',
    body: { addresses, owner: 'provider', region: 'here', ttlBlocks: 10_000 },
  });
  const pointer = new Uint8Array([1, 2, 3]);
  await test.send(
    client,
    { kind: 'anchor', body: { slot: 'catalogue', sequence: 1n, pointer } },
    { lane: 3 },
  );
  await test.mine();
  await test.transfer(client, provider, 5n);
  return scenario;
}
