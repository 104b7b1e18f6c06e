import { expect, it } from '@jest/globals';
import { newChain } from './testing/forks.js';
import { TestLedger } from './testing/test-ledger.js';

it('what other nodes ask of a closed ledger is told so: no fault of the process that stops', async () => {
  const test = await TestLedger.open();
  const chain = newChain();
  chain.mineTo(2);
  test.clock.seconds = chain.tip.block.header.time;
  const { access } = test.ledger;
  expect(await access.submitBlock(chain.at(1).block.bytes)).toMatchObject({ ok: true });
  await test.close();
  const known = chain.transfer(chain.faucet(), chain.wallet('x').account, 5n, { fee: 1_000n });
  const closed = { name: 'AppError', code: 'ledger/closed' };
  await expect(access.submitBlock(chain.at(2).block.bytes)).rejects.toMatchObject(closed);
  await expect(access.blockBytes(chain.at(1).block.id)).rejects.toMatchObject(closed);
  await expect(access.submitTransaction(known.bytes)).rejects.toMatchObject(closed);
});
