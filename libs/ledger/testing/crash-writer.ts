import { argv, stdout } from 'node:process';
import { violationToText } from '#errors';
import { newChain, submit } from './forks.js';
import { nextBlocks } from './random-history.js';
import { seededRandom } from './seeded-random.js';
import { TestLedger } from './test-ledger.js';

/** A process that writes blocks and branches until it is killed. Arguments: data folder, seed. Prints every tip. */
const [, , dataDir, seed] = argv;
const random = seededRandom(Number(seed));
const test = await TestLedger.open({ dataDir: dataDir ?? '' });
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
  stdout.write(`${test.ledger.chain.tip.id}\n`);
}
