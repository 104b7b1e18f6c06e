import { argv, stdout } from 'node:process';
import { violationToText } from '#errors';
import { randomBelow, seededRandom } from '../../../chain/testing/seeded-random.js';
import { newChain, submit } from './forks.js';
import { CRASH_UPKEEP, nextBlocks } from './random-history.js';
import { TestLedger } from './test-ledger.js';

/**
 * A process that writes blocks and branches, takes transactions, snapshots its state and forgets old undo data until it
 * is killed. Arguments: data folder, seed. Prints every tip and every transaction it acknowledged.
 */
const [, , dataDir, seed] = argv;
const random = seededRandom(Number(seed));
const test = await TestLedger.open({ dataDir: dataDir ?? '', upkeep: CRASH_UPKEEP });
const chain = newChain();
for await (const block of test.ledger.chain.mainBlocks(1)) {
  const added = chain.add(block);
  if (!added.ok) throw new Error(violationToText(added.violation));
}
stdout.write('ready\n');
for (;;) {
  for (const block of nextBlocks(chain, random)) {
    const result = await submit(test, block);
    if (!result.ok) throw new Error(violationToText(result.violation));
  }
  stdout.write(`tip ${test.ledger.chain.tip.id}\n`);
  // A lane of its own: it never has to wait for another one.
  const lane = 1 + randomBelow(random, 65_000);
  const sent = await test.transfer(test.faucet, test.wallet('waiting'), 1n, { lane }).catch(() => undefined);
  if (sent !== undefined) stdout.write(`transaction ${sent}\n`);
}
