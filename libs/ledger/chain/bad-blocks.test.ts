import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { encodeBlock, encodeCoinbase, type KnownBlock, MAX_FUTURE_SECONDS } from '#chain';
import { concatBytes } from '#crypto';
import { snapshotState } from '../../../chain/testing/state-snapshot.js';
import { createContractScenario } from '../../../contracts/testing/contract-scenario.js';
import { feedScenario } from '../testing/market-scene.js';
import { TestLedger } from '../testing/test-ledger.js';
import { hasBody } from './block-preparation.js';

let test: TestLedger;
const scenario = createContractScenario();
const { chain } = scenario;

beforeAll(async () => {
  test = await TestLedger.open();
  scenario.form();
  scenario.openWindow(0);
  await feedScenario(test, scenario);
});
afterAll(async () => {
  await test.close();
});

const transfer = () => chain.transfer(chain.faucet(), scenario.terms.client.account, 5n);

/** Each is right but for one thing. */
const cases: readonly [string, string, () => Uint8Array][] = [
  [
    'a wrong transaction root',
    'block/transaction-root',
    () => chain.draft([transfer()], { coinbase: { transactionRoot: new Uint8Array(32) } }).bytes,
  ],
  [
    'a transaction left out of the body',
    'block/transaction-root',
    () => withBody(chain.draft([transfer()]), []),
  ],
  ['one bit too little work', 'header/proof-of-work', () => chain.draft([], { work: 'missing' }).bytes],
  [
    'an easier target than the rules ask for',
    'header/bits',
    () => chain.draft([], { header: { bits: 0x2100_ffff } }).bytes,
  ],
  [
    'a time not above the median',
    'header/time-too-old',
    () => chain.draft([], { header: { time: chain.supplement().medianTimeSeconds } }).bytes,
  ],
  [
    'a time in the future',
    'node/time-too-new',
    () => chain.draft([], { header: { time: test.clock.seconds + MAX_FUTURE_SECONDS + 1 } }).bytes,
  ],
  [
    'a unit minted for proofs without a proof',
    'coinbase/proof-mint',
    () => chain.draft([], { coinbase: { proofMint: 1n } }).bytes,
  ],
  [
    'a unit more minted than a proof gives',
    'coinbase/proof-mint',
    () => {
      const right = chain.draft([scenario.proveTransaction()]);
      const proofMint = right.coinbase.proofMint + 1n;
      return chain.draft([scenario.proveTransaction()], { coinbase: { proofMint } }).bytes;
    },
  ],
  [
    'a unit more than the subsidy',
    'coinbase/subsidy',
    () => chain.draft([], { coinbase: { subsidy: chain.law.params.reward.initialSubsidy + 1n } }).bytes,
  ],
  ['a fee nobody paid', 'coinbase/fees', () => chain.draft([], { coinbase: { fees: 1n } }).bytes],
  [
    'a draw the pool does not give',
    'coinbase/pool-draw',
    () => chain.draft([], { coinbase: { poolDraw: 1n } }).bytes,
  ],
  ['a byte after the end', 'codec/trailing-bytes', () => concatBytes(chain.draft().bytes, new Uint8Array(1))],
  ['a byte missing', 'codec/truncated', () => chain.draft().bytes.subarray(0, -1)],
  [
    'a transaction twice',
    'block/duplicate-transaction',
    () => {
      const twice = transfer();
      return chain.draft([], { transactions: [twice, twice] }).bytes;
    },
  ],
  [
    'a used sequence number',
    'tx/sequence-used',
    () =>
      chain.draft([], {
        transactions: [chain.transfer(chain.faucet(), scenario.terms.client.account, 5n, { sequence: 0n })],
      }).bytes,
  ],
  [
    'more money than there is',
    'coins/too-little',
    () =>
      chain.draft([], {
        transactions: [chain.transfer(scenario.terms.client, chain.miner.account, 10n ** 18n)],
      }).bytes,
  ],
  [
    'a signature of somebody else',
    'tx/signature',
    () => {
      const { client, provider } = scenario.terms;
      const forged = chain.transfer({ ...client, secretKey: provider.secretKey }, provider.account, 5n);
      return chain.draft([], { transactions: [forged] }).bytes;
    },
  ],
  [
    'a parent nobody knows',
    'block/unknown-parent',
    () => chain.draft([], { header: { previous: new Uint8Array(32).fill(7) } }).bytes,
  ],
];

describe('a bad block is refused by its rule and changes nothing', () => {
  it.each(cases)('%s: %s', async (_, rule, make) => {
    const before = { tip: test.ledger.chain.tip, state: snapshotState(test.law, test.ledger.chain.state) };
    const stored = countStored();
    const result = await test.ledger.chain.submitBlock(make());
    expect(result).toMatchObject({ ok: false, violation: { rule } });
    expect(test.ledger.chain.tip).toBe(before.tip);
    expect(countStored()).toBe(stored);
    expect(snapshotState(test.law, test.ledger.chain.state)).toEqual(before.state);
  });

  it('a good one is still taken afterwards', async () => {
    scenario.chain.mineBlock([scenario.proveTransaction(), transfer()]);
    await feedScenario(test, scenario);
    expect(test.ledger.chain.tip.id).toBe(chain.tip.block.id);
    expect((await test.ledger.audit()).differences).toEqual([]);
  });
});

/** A refused block may be remembered as such; it is not kept. */
function countStored(): number {
  return [...test.ledger.chain.tree.all()].filter(hasBody).length;
}

function withBody(block: KnownBlock, transactions: readonly Uint8Array[]): Uint8Array {
  return encodeBlock(block.header, encodeCoinbase(block.coinbase), transactions);
}
