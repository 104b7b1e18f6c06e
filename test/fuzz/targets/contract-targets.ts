import { decode, encode } from '#chain';
import { reviseBodySchema } from '#contracts';
import {
  dropTransaction,
  redeemTransaction,
  renewTransaction,
  reviseBody,
  reviseTransaction,
} from '../../../contracts/testing/changes.js';
import { scenarioFragment } from '../../../contracts/testing/contract-scenario.js';
import { RepairScenario } from '../../../contracts/testing/repair-scenario.js';
import { decoderTarget, type FuzzTarget } from '../fuzz-target.js';
import { transactionTarget } from './transaction-target.js';

/** What changes a contract, on one that allows all of it: an epoch proven, one missed, coins for reads and repair. */
export function contractTargets(): readonly FuzzTarget[] {
  const scenario = new RepairScenario({ epochs: 6, readEscrow: 5_000n });
  const { chain, old } = scenario;
  old.proveEpoch(0);
  old.missEpoch(1);
  const more = { appended: [scenarioFragment(90, 700), scenarioFragment(91, 1_500)], epochs: 8 };
  const samples = [
    [reviseTransaction(old, more), reviseTransaction(old, { epochs: 7 }), reviseTransaction(old)],
    [dropTransaction(old, [1]), dropTransaction(old, [0, 1])],
    [renewTransaction(old, { epochs: 3 })],
    [scenario.replaceTransaction(), scenario.replaceTransaction({ epochs: 2 }, 9n)],
    [scenario.skipTransaction(2)],
    [scenario.drainTransaction()],
    [redeemTransaction(old, 100n), redeemTransaction(old, 5_000n)],
  ];
  for (const transaction of samples.flat()) {
    const [refusal] = chain.template([transaction]).refusals;
    if (refusal !== undefined) throw new Error(`a good input is refused by ${refusal.violation.rule}`);
  }
  return [
    ...samples.map((each) => transactionTarget(chain, each)),
    decoderTarget({
      name: 'revision',
      samples: () => [
        encode(reviseBodySchema, reviseBody(old, more)),
        encode(reviseBodySchema, reviseBody(old)),
      ],
      decode: (input) => decode(reviseBodySchema, input),
      encode: (value) => encode(reviseBodySchema, value),
    }),
  ];
}
