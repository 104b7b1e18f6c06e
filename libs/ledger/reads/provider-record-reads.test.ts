import { afterEach, expect, it } from '@jest/globals';
import {
  agreeOn,
  ContractScenario,
  createContractScenario,
} from '../../../contracts/testing/contract-scenario.js';
import { forkAt, submitFrom } from '../testing/forks.js';
import { fastDevnet, TestLedger } from '../testing/test-ledger.js';
import { createProviderRecordReads } from './provider-record-reads.js';

let test: TestLedger;
afterEach(async () => {
  await test.close();
});

it('counts what contracts did, block by block as if counted anew, also after a reorganisation', async () => {
  test = await TestLedger.open({ params: fastDevnet });
  const first = createContractScenario({ params: fastDevnet, epochs: 60, fragmentLengths: [70_000] });
  const { chain, terms } = first;
  // Asked before there is anything: from here on blocks are counted as they come.
  expect((await test.ledger.providerRecords({})).items).toEqual([]);
  const counted = async () => {
    const { items } = await test.ledger.providerRecords({});
    const { law, chain: ours } = test.ledger;
    const anew = createProviderRecordReads({ law, chain: ours } as Parameters<
      typeof createProviderRecordReads
    >[0]);
    expect(items).toEqual((await anew.providerRecords({})).items);
    return items[0];
  };
  first.form();
  await submitFrom(test, chain, 1);
  const forkHeight = chain.height;
  expect(await counted()).toMatchObject({ active: 1, proven: 0, missed: 0, storedBytes: '70000' });

  const choices = { epochs: 60, nonce: new Uint8Array(16).fill(1) };
  new ContractScenario(chain, agreeOn(chain, terms.client, terms.provider, terms.fragments, choices)).form();
  chain.mineTo(forkHeight + 120);
  await submitFrom(test, chain, test.height + 1);
  const failed = await counted();
  expect(failed).toMatchObject({ active: 0, failed: 2, proven: 0, storedBytes: '0' });
  expect(failed?.missed).toBe(2 * fastDevnet.contract.strikes);

  const quiet = forkAt(chain, forkHeight);
  quiet.mineTo(chain.height + 1);
  await submitFrom(test, quiet, forkHeight + 1);
  expect(await counted()).toMatchObject({ failed: 1, missed: fastDevnet.contract.strikes });
});
