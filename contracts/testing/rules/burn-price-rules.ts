import { EASY, type RuleVectorFile, VectorBook, vectorParams } from '../../../chain/testing/rules/index.js';
import { contractsModule } from '../../module.js';
import { burnPriceOf } from '../../money/burn-price.js';
import { burnFor } from '../../money/price.js';
import { agreeOn, ContractScenario, createContractScenario, scenarioFragment } from '../contract-scenario.js';

/** A price that moves after every fourth block, by a median that a few contracts make. */
const MOVING = {
  base: 'devnet',
  changes: {
    ...(EASY.changes as object),
    mint: { burnPerGiBEpoch: '1000000007', burnPeriodBlocks: 4, burnTargetMiBEpochs: '4' },
  },
} as const;

/** Sixteen epochs of them are a MiB-epoch. */
const FRAGMENT_BYTES = 1 << 16;

/** How the burn price follows what blocks register: the state's root after a period's last block says it. */
export function burnPriceRules(): RuleVectorFile {
  const book = new VectorBook([contractsModule]);
  book.network('moving', MOVING);
  const scenario = createContractScenario({
    params: vectorParams(MOVING),
    fragmentLengths: [9],
    offer: { maxEpochs: 1_000 },
  });
  const { chain, terms } = scenario;
  book.adopt('moving', 'moving', chain);
  let nonce = 0;
  const forming = (mibEpochs: number, change: { maxBurn?: bigint } = {}) => {
    nonce += 1;
    const fragment = scenarioFragment(nonce, FRAGMENT_BYTES);
    const choices = { epochs: mibEpochs * 16, nonce: new Uint8Array(16).fill(nonce), ...change };
    return new ContractScenario(chain, agreeOn(chain, terms.client, terms.provider, [fragment], choices));
  };
  const register = (mibEpochs: number): void => {
    chain.mineBlock([forming(mibEpochs).formTransaction()]);
  };
  /** The last block of a period, in which nothing is registered. */
  const period = (why: string): void => {
    const before = burnPriceOf(chain.law.params, chain.state);
    book.block('coinbase/state-root', 'accept', `${why}; the price was ${before}`, chain);
    chain.mineBlock();
  };
  chain.mineTo(3);
  // Of four blocks the third largest counts, so two that register make the median.
  register(5);
  register(6);
  chain.mineBlock();
  period('a median of 5 where 4 are wanted: up by a thirty-second');
  register(30);
  register(31);
  register(2);
  period('a median of 30: up by an eighth, as for any of 8 or more');
  const price = burnPriceOf(chain.law.params, chain.state);
  const burn = burnFor(price, BigInt(FRAGMENT_BYTES), 48);
  for (const [verdict, maxBurn, why] of [
    ['accept', burn, 'the burn at the price that moved'],
    ['refuse', burn - 1n, 'one less'],
  ] as const)
    book.block('form/burn', verdict, why, chain, [forming(3, { maxBurn }).formTransaction()]);
  register(3);
  register(3);
  chain.mineBlock();
  period('a median of 3: down by a thirty-second');
  register(4);
  register(4);
  chain.mineBlock();
  period('a median of 4: the price stays');
  register(9);
  chain.mineTo(chain.height + 2);
  period('one full block of four: down by an eighth, to the floor');
  chain.mineTo(chain.height + 3);
  period('nothing registered at the floor: it stays there');
  return book.finish();
}
