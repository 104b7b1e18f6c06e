import { afterEach, describe, expect, it } from '@jest/globals';
import { HEADER_BYTES } from '#chain';
import { grow, newChain, submit } from './testing/forks.js';
import { TestLedger } from './testing/test-ledger.js';

let test: TestLedger;
afterEach(() => test.close());

describe('blocks that were asked for', () => {
  it('before their body came are found once it is here, and their transactions too', async () => {
    test = await TestLedger.open();
    const chain = newChain();
    const known = chain.transfer(chain.faucet(), chain.wallet('x').account, 5n);
    const { id, bytes, header } = grow(chain, [known]);
    test.clock.seconds = header.time;
    expect(await test.ledger.access.submitHeaders(bytes.slice(0, HEADER_BYTES))).toMatchObject({ ok: true });
    expect(await test.ledger.block({ ref: id })).toBeNull();
    expect(await test.ledger.search({ text: id })).toEqual([]);
    expect(await submit(test, chain.tip.block)).toMatchObject({ ok: true });
    expect(await test.ledger.block({ ref: id })).toMatchObject({ id });
    expect(await test.ledger.transaction({ id: known.id })).toMatchObject({ id: known.id });
  });
});
