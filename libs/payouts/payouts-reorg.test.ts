import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { ContractScenario, createContractScenario } from '../../contracts/testing/contract-scenario.js';
import { feedScenario, forkAt, submitFrom, TestLedger } from '../ledger/testing/index.js';
import { createPayoutsService, SummaryBook } from './index.js';

let scene: TestLedger;
beforeEach(async () => {
  scene = await TestLedger.open();
});
afterEach(() => scene.close());

const serviceOn = () => {
  const { ledger, law } = scene;
  return createPayoutsService({ ledger, params: law.params, book: new SummaryBook(ledger) });
};

describe('a reorganisation', () => {
  // Deeper than the sums that are taken as settled (20 blocks), and not as deep.
  test.each([0, 40])(
    'of the proof of an epoch, %i blocks below the tip, leaves nothing of it in any sum',
    async (extra) => {
      const first = createContractScenario({ epochs: 6 });
      first.form();
      const forkHeight = first.chain.height;
      const second = new ContractScenario(forkAt(first.chain, forkHeight), first.terms);
      first.proveEpoch(0);
      first.missEpoch(1);
      first.chain.mineTo(first.chain.height + extra);
      second.missEpoch(0);
      second.proveEpoch(1);
      second.proveEpoch(2);
      second.chain.mineTo(first.chain.height + 10);

      await feedScenario(scene, first);
      const provider = first.terms.provider.account;
      const service = serviceOn();
      const answers = async (port: ReturnType<typeof serviceOn>) => ({
        statement: await port.statement({ provider }),
        epoch: await port.statement({ contract: first.id, epoch: 0 }),
        summary: await port.summary({ provider }),
        forecast: await port.forecast({ provider }),
        risk: await port.risk({ provider }),
        penalties: await port.penalties({}),
      });
      const before = await answers(service);
      expect(before.epoch.items.map(({ reason }) => reason)).toContain('tranche');
      expect(before.penalties.items.map(({ epoch }) => epoch).at(-1)).toBe(1);

      await submitFrom(scene, second.chain, forkHeight + 1);
      expect((await scene.ledger.status()).tip.id).toBe(second.chain.at(second.chain.height).block.id);
      const after = await answers(service);
      expect(after).toEqual(await answers(serviceOn()));
      expect(after.epoch.items.map(({ reason }) => reason).sort()).toEqual([
        'slash-burned',
        'slash-to-client',
        'tranche-returned',
      ]);
      expect(after.penalties.items.map(({ epoch }) => epoch).at(-1)).toBe(0);
      expect(after.summary).not.toEqual(before.summary);
    },
  );
});
