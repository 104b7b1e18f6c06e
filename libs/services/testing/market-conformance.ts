import { expect, test } from '@jest/globals';
import type { ConnectPort } from './service-scene.js';
import { describeService } from './suite.js';

/** What every way to reach the market service promises. */
export function describeMarketPort(how: string, connect: ConnectPort): void {
  describeService('market', how, connect, ({ scene, port }) => {
    test('the order book joins every offer with its endpoint, page by page', async () => {
      const whole = await port().orderBook({});
      expect(whole.items.map(({ endpoint }) => endpoint?.addresses.length)).toEqual([1, 1, 1]);
      const first = await port().orderBook({ limit: 2 });
      const second = await port().orderBook({ limit: 2, cursor: first.nextCursor ?? '' });
      expect([...first.items, ...second.items]).toEqual(whole.items);
      expect(second.nextCursor).toBeNull();
    });

    test('a quote is the sum of its items, and what is burned is named', async () => {
      const quote = await port().quote({ sizeBytes: 3_000_000, profile: '1/2/3', epochs: 4 });
      const sum = (of: 'storage' | 'burn' | 'fees' | 'total') =>
        quote.items.reduce((total, item) => total + BigInt(item[of]), 0n).toString();
      expect(quote.items).toHaveLength(3);
      expect([quote.storage, quote.burn, quote.fees, quote.total]).toEqual([
        sum('storage'),
        sum('burn'),
        sum('fees'),
        sum('total'),
      ]);
      expect(BigInt(quote.burn)).toBeGreaterThan(0n);
      const [item] = quote.items;
      // One coin per GiB and epoch and a thousandth of one per epoch, as the offer says, rounded up per epoch.
      const perEpoch = 1_000_000n + (10n ** 9n * BigInt(item!.totalBytes) + 2n ** 30n - 1n) / 2n ** 30n;
      expect(BigInt(item!.storage)).toBe(4n * perEpoch);
    });

    test.each([
      [{ sizeBytes: 10, profile: '9/1/1', epochs: 1 }, 'market/bad-request'],
      [{ sizeBytes: 10, profile: 'dense', epochs: 1 }, 'market/too-few-providers'],
      [{ sizeBytes: -1, profile: '1/2/3', epochs: 1 }, 'services/bad-request'],
    ])('a quote for %j is the error %s', async (request, code) => {
      await expect(port().quote(request)).rejects.toMatchObject({ code });
    });

    test('contracts are found by party and status, and come with their history', async () => {
      const { id, provider } = scene().contract.terms;
      const found = await port().contracts({ provider: provider.account, status: 'active' });
      expect(found.items.map((contract) => contract.id)).toEqual([id]);
      expect((await port().contracts({ provider: provider.account, status: 'failed' })).items).toEqual([]);
      const history = await port().contract({ id });
      expect(history?.contract).toEqual(await scene().ledger.contract({ id }));
      expect(history?.timeline.map(({ name }) => name)).toEqual([
        'contract/formed',
        'contract/challenged',
        'contract/proved',
        'contract/challenged',
      ]);
    });

    test('an unknown contract is null', async () => {
      expect(await port().contract({ id: '00'.repeat(32) })).toBeNull();
    });
  });
}
