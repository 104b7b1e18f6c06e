import { afterEach, expect, it } from '@jest/globals';
import {
  agreeOn,
  ContractScenario,
  createContractScenario,
} from '../../../contracts/testing/contract-scenario.js';
import { forkAt, submitFrom } from '../testing/forks.js';
import { fastDevnet, TestLedger } from '../testing/test-ledger.js';

const params = {
  ...fastDevnet,
  mint: { ...fastDevnet.mint, burnPerGiBEpoch: 1_000n, burnPeriodBlocks: 4, burnTargetMiBEpochs: 2n },
};
let test: TestLedger;
afterEach(async () => {
  await test.close();
});

it('tells the price of burning, when it moves, and how it moved, also after a reorganisation', async () => {
  test = await TestLedger.open({ params });
  const first = createContractScenario({ params, epochs: 60, fragmentLengths: [70_000] });
  const { chain, terms } = first;
  const formAgain = (nonce: number): void => {
    const choices = { epochs: 60, nonce: new Uint8Array(16).fill(nonce) };
    const again = agreeOn(chain, terms.client, terms.provider, terms.fragments, choices);
    new ContractScenario(chain, again).form();
  };
  chain.mineTo(4);
  // Two blocks of four register five MiB-epochs each, so the median is more than twice the target.
  first.form();
  formAgain(1);
  await submitFrom(test, chain, 1);
  expect(await test.ledger.burnPrice()).toEqual({
    perGiBEpoch: '1000',
    floorPerGiBEpoch: '1000',
    since: null,
    periodStart: 4,
    movesAt: 7,
    targetMiBEpochs: '2',
    medianMiBEpochs: '5',
    nextIfQuiet: '1125',
  });
  chain.mineBlock();
  await submitFrom(test, chain, test.height + 1);
  const up = { height: 7, before: '1000', perGiBEpoch: '1125', medianMiBEpochs: '5' };
  expect((await test.ledger.burnPriceMoves({})).items).toMatchObject([up]);
  expect(await test.ledger.burnPrice()).toMatchObject({ perGiBEpoch: '1125', since: 8, movesAt: 11 });
  expect((await test.ledger.status()).burnPerGiBEpoch).toBe('1125');

  chain.mineTo(11);
  await submitFrom(test, chain, test.height + 1);
  const down = { height: 11, before: '1125', perGiBEpoch: '1000', medianMiBEpochs: '0' };
  expect((await test.ledger.burnPriceMoves({})).items).toMatchObject([down, up]);
  expect(await test.ledger.burnPrice()).toMatchObject({ perGiBEpoch: '1000', since: null });

  const quiet = forkAt(chain, 5);
  quiet.mineTo(chain.height + 1);
  await submitFrom(test, quiet, 6);
  expect((await test.ledger.burnPriceMoves({})).items).toEqual([]);
  expect((await test.ledger.audit()).balanced).toBe(true);
});
