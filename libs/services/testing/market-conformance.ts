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

    test('the order book marks what cannot be taken, and takes no page for a count of rows', async () => {
      const sorted = await port().orderBook({ sort: 'record' });
      // Only the contract's provider has proven something.
      expect(sorted.items[0]).toMatchObject({ state: 'open', why: null, record: { proven: 1, missed: 0 } });
      const choosy = await port().orderBook({ minProven: 1, all: true, sort: 'record' });
      expect(choosy.items.map(({ why }) => why === null)).toEqual([true, false, false]);
      expect((await port().orderBook({ minProven: 1 })).items).toHaveLength(1);
      const pages = [];
      let cursor: string | undefined;
      do {
        const page = await port().orderBook({ sort: 'free', all: true, limit: 1, cursor });
        pages.push(...page.items);
        cursor = page.nextCursor ?? undefined;
      } while (cursor !== undefined);
      expect(pages).toEqual((await port().orderBook({ sort: 'free', all: true })).items);
      await expect(port().orderBook({ cursor: '7' })).rejects.toMatchObject({
        code: 'market/cursor-invalid',
      });
    });

    test('a quote is the sum of its items, and what is burned is named', async () => {
      const quote = await port().quote({ sizeBytes: 3_000_000, profile: '1/2/3', epochs: 4 });
      expect(quote.items).toHaveLength(3);
      for (const name of ['storage', 'burn', 'burnAtMost', 'fees', 'cost', 'total', 'totalAtMost'] as const) {
        expect(quote[name]).toBe(quote.items.reduce((sum, item) => sum + BigInt(item[name]), 0n).toString());
      }
      expect(BigInt(quote.burn)).toBeGreaterThan(0n);
      expect(BigInt(quote.burnAtMost)).toBeGreaterThan(BigInt(quote.burn));
      expect(quote.burnIsRefundable).toBe(false);
      expect(quote.durability).toMatchObject({ repair: 'nobody', repairDays: null, storedPerByte: 3 });
      const { soon } = await scene().ledger.feeEstimate();
      expect(quote.feePerByte).toBe(soon.feePerByte);
      // Four epochs of 20 blocks of a second.
      expect(quote.termSeconds).toBe(80);
      const perMonth = (BigInt(quote.cost) * 2_592_000n + 79n) / 80n;
      expect(quote.costPerMonth).toBe(perMonth.toString());
      expect(quote.costPerGiBMonth).toBe(((perMonth * 2n ** 30n + 2_999_999n) / 3_000_000n).toString());
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

    test('a quote with repair and reads names both deposits, and takes only who matches', async () => {
      const asked = { sizeBytes: 3_000_000, profile: '1/2/3', epochs: 4 };
      const plain = await port().quote(asked);
      const whole = await port().quote({ ...asked, withRepair: true, reads: 2 });
      const { items } = whole;
      expect(items.every(({ reserve, reads }) => BigInt(reserve) > 0n && BigInt(reads) > 0n)).toBe(true);
      expect(BigInt(whole.total) - BigInt(whole.cost)).toBe(BigInt(whole.reserve) + BigInt(whole.reads));
      expect(plain.reserve).toBe('0');
      const choosy = port().quote({ ...asked, minProven: 1 });
      await expect(choosy).rejects.toMatchObject({
        code: 'market/too-few-providers',
        message: expect.stringContaining('it has proven 0 epochs, 1 are wanted'),
      });
    });

    test('a bill is made of postings: what was taken, where it is now, nothing missing', async () => {
      const { id, client } = scene().contract.terms;
      const { items } = await scene().ledger.contractPostings({ id, limit: 200 });
      const sum = (wanted: (posting: (typeof items)[number]) => boolean) =>
        items.filter(wanted).reduce((total, { amount }) => total + BigInt(amount), 0n);
      const bill = await port().bill({ id });
      expect(bill).toMatchObject({
        contract: id,
        asOfHeight: scene().test.height,
        storage: String(sum(({ reason }) => reason === 'escrow')),
        burned: String(sum(({ reason }) => reason === 'burn')),
        paid: String(sum(({ reason }) => reason === 'tranche')),
        held: String(sum(({ reason }) => reason === 'tranche-vesting')),
        refunded: '0',
        compensation: '0',
      });
      const amount = (name: 'storage' | 'paid' | 'held' | 'refunded' | 'stillLocked') =>
        BigInt(bill?.[name] ?? 0);
      expect(amount('storage')).toBe(
        amount('paid') + amount('held') + amount('refunded') + amount('stillLocked'),
      );
      const contract = await scene().ledger.contract({ id });
      expect(bill?.stillLocked).toBe(contract?.escrow);
      expect(client.account).toBe(contract?.client);
      expect(await port().bill({ id: '00'.repeat(32) })).toBeNull();
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
