import { expect, test } from '@jest/globals';
import type { PayoutLineView } from '../payouts-port.js';
import type { ConnectPort } from './service-scene.js';
import { describeService } from './suite.js';

/** What every way to reach the payouts service promises. */
export function describePayoutsPort(how: string, connect: ConnectPort): void {
  describeService('payouts', how, connect, ({ scene, port }) => {
    const paidInto = async (account: string): Promise<bigint> => {
      const { items } = await scene().ledger.accountPostings({ account, limit: 200 });
      const paid = items.filter(
        ({ to, reason }) => to === `account:${account}` && /tranche|vesting/.test(reason),
      );
      return paid.reduce((sum, { amount }) => sum + BigInt(amount), 0n);
    };

    test('a statement has every posting about the contract, and its sums are sums of them', async () => {
      const { id, provider } = scene().contract.terms;
      const statement = await port().statement({ contract: id });
      const postings = await scene().ledger.contractPostings({ id, limit: 200 });
      expect(statement.items).toHaveLength(postings.items.length);
      expect(statement.items).toEqual(
        postings.items.map((posting) => expect.objectContaining({ ...posting, contract: id })),
      );
      expect(statement.items.every(({ meaning, reason }) => meaning !== reason)).toBe(true);
      expect(BigInt(statement.totals.earned)).toBe(await paidInto(provider.account));
      expect(BigInt(statement.totals.earned)).toBeGreaterThan(0n);
      const sums = statement.items.reduce<Record<string, bigint>>((all, { reason, amount }) => {
        all[reason] = (all[reason] ?? 0n) + BigInt(amount);
        return all;
      }, {});
      const expected = Object.fromEntries(Object.entries(sums).map(([reason, sum]) => [reason, String(sum)]));
      expect(statement.totals.byReason).toEqual(expected);
    });

    test('pages of one put together are the whole', async () => {
      const { provider } = scene().contract.terms;
      const whole = await port().statement({ provider: provider.account });
      const lines: PayoutLineView[] = [];
      let cursor: string | undefined;
      do {
        const page = await port().statement({ provider: provider.account, limit: 1, cursor });
        expect(page.totals).toEqual(whole.totals);
        lines.push(...page.items);
        cursor = page.nextCursor ?? undefined;
      } while (cursor !== undefined);
      expect(lines).toEqual(whole.items);
    });

    test('a missed epoch shows what was lost, and each line knows its epoch', async () => {
      const { id, provider } = scene().contract.terms;
      const contract = await scene().ledger.contract({ id });
      await scene().test.mineTo(contract!.window!.closesAt + 1);
      const missed = await port().statement({ contract: id, epoch: 1 });
      expect(missed.items.map(({ reason }) => reason).sort()).toEqual([
        'slash-burned',
        'slash-to-client',
        'tranche-returned',
      ]);
      const slashed = missed.items
        .filter(({ reason }) => reason.startsWith('slash'))
        .reduce((sum, { amount }) => sum + BigInt(amount), 0n);
      expect(BigInt(missed.totals.lost)).toBe(slashed);
      const proven = await port().statement({ contract: id, epoch: 0 });
      expect(proven.items.map(({ reason }) => reason)).toContain('tranche');
      const summary = await port().summary({ provider: provider.account });
      expect(summary).toMatchObject({ contracts: 1, proofs: 1, misses: 1 });
      expect(summary?.totals).toEqual((await port().statement({ provider: provider.account })).totals);
      expect(summary?.asOfHeight).toBe(scene().test.height);
    });

    test('what comes, what may be lost, who was penalised and what miners got are answered by height', async () => {
      const { id, provider } = scene().contract.terms;
      const { height } = scene().test;
      const forecast = await port().forecast({ provider: provider.account, epochs: 10 });
      expect(forecast).toMatchObject({ provider: provider.account, asOfHeight: height });
      const heights = forecast.items.map((line) => line.height);
      expect(heights).toEqual([...heights].sort((a, b) => a - b));
      expect(forecast.items.at(-1)?.kind).toBe('settlement');
      const risk = await port().risk({ provider: provider.account });
      expect(risk.items).toEqual([expect.objectContaining({ contract: id, strikes: 1, strikesToFail: 3 })]);
      const { items } = await port().penalties({ provider: provider.account });
      expect(items).toEqual([expect.objectContaining({ kind: 'missed', epoch: 1, contract: id })]);
      expect((await port().penalties({})).items).toEqual(items);
      const rewards = await port().minerRewards({ miner: scene().test.miner.account, limit: 5 });
      expect(rewards.items.length).toBeGreaterThan(0);
      await expect(port().penalties({ cursor: 'x' })).rejects.toMatchObject({
        code: 'payouts/cursor-invalid',
      });
    });

    test('sums made step by step equal sums made at once, also far below the tip', async () => {
      const { provider } = scene().contract.terms;
      for (let step = 0; step < 3; step++) {
        await scene().test.mine(15);
        const summary = await port().summary({ provider: provider.account });
        const { totals } = await port().statement({ provider: provider.account });
        expect(summary?.totals).toEqual(totals);
      }
      const { items } = await port().summaries({});
      expect(items.map((summary) => summary.provider)).toEqual([provider.account]);
    });

    test('a statement of nothing, of nobody and of an unknown contract are told apart', async () => {
      await expect(port().statement({})).rejects.toMatchObject({ code: 'payouts/bad-request' });
      await expect(port().statement({ contract: '00'.repeat(32) })).rejects.toMatchObject({
        code: 'payouts/not-found',
      });
      const [one] = scene().others;
      expect((await port().statement({ provider: one!.account })).items).toEqual([]);
      await expect(port().statement({ provider: one!.account, cursor: 'x' })).resolves.toMatchObject({
        items: [],
      });
      const { provider } = scene().contract.terms;
      await expect(port().statement({ provider: provider.account, cursor: 'x' })).rejects.toMatchObject({
        code: 'payouts/cursor-invalid',
      });
    });
  });
}
