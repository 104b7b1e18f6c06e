import { describe, expect, test } from '@jest/globals';
import { createContractScenario } from './testing/contract-scenario.js';

describe('one whole life of a contract', () => {
  test('formed, proven each epoch, settled; coins are conserved in every block and the way back is exact', () => {
    const scenario = createContractScenario({ epochs: 3 });
    const { chain } = scenario;
    const before = chain.snapshot();
    const start = chain.height;
    const clientBefore = chain.balance(scenario.terms.client);
    const providerBefore = chain.balance(scenario.terms.provider);
    const check = (): void => {
      const { minted, burned, held } = chain.audit();
      expect(held).toBe(minted - burned);
    };
    scenario.form();
    const { tranche, burned, collateral } = scenario.contract;
    expect(scenario.pots).toEqual({ escrow: tranche * 3n, vesting: 0n, collateral });
    for (const epoch of [0, 1, 2]) {
      while (chain.height < scenario.firstProofHeight(epoch) - 1) {
        chain.mineBlock();
        check();
      }
      chain.mineBlock([scenario.proveTransaction()]);
      check();
      expect(scenario.contract.proven).toBe(epoch + 1);
    }
    while (scenario.contract.status === 'active') {
      chain.mineBlock();
      check();
    }
    expect(scenario.contract).toMatchObject({ status: 'completed', proven: 3, missed: 0 });
    expect(scenario.pots).toEqual({ escrow: 0n, vesting: 0n, collateral: 0n });
    expect(chain.balance(scenario.terms.provider)).toBe(providerBefore + tranche * 3n);
    expect(chain.balance(scenario.terms.client)).toBe(clientBefore - tranche * 3n - burned);
    expect(scenario.contract.minted).toBeLessThanOrEqual(burned);
    while (chain.height > start) {
      chain.revertTip();
      check();
    }
    expect(chain.snapshot()).toEqual(before);
  });
});
