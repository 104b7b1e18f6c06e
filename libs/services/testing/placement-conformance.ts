import { expect, test } from '@jest/globals';
import type { ConnectPort } from './service-scene.js';
import { describeService } from './suite.js';

const REQUEST = { bytesPerHolder: '1000', epochs: 5 };

/** What every way to reach the placement service promises. */
export function describePlacementPort(how: string, connect: ConnectPort): void {
  describeService('placement', how, connect, ({ scene, port }) => {
    const note = (account: string, error?: string) =>
      scene().record.note(
        { provider: account, address: account, url: 'http://127.0.0.1:1', latencyMs: 3, error },
        new Date('2026-01-01T00:00:00Z'),
      );

    test('whoever has room and a fitting term can be chosen, though never probed', async () => {
      const { usable, refusals } = await port().choose(REQUEST);
      expect(usable).toHaveLength(3);
      expect(usable.map(({ liveness }) => liveness)).toEqual([null, null, null]);
      expect(refusals).toEqual([]);
      expect((await port().choose({ ...REQUEST, count: 2 })).usable).toEqual(usable.slice(0, 2));
    });

    test('whoever is excluded, full or bound to another term is refused with the reason', async () => {
      const [one] = scene().others;
      const excluded = await port().choose({ ...REQUEST, exclude: [one!.account] });
      expect(excluded.refusals).toEqual([expect.objectContaining({ why: 'excluded' })]);
      const tooLong = await port().choose({ ...REQUEST, epochs: 1_000 });
      expect(tooLong.usable).toEqual([]);
      expect(tooLong.refusals[0]?.why).toContain('1 to 100 epochs');
      const tooMuch = await port().choose({ ...REQUEST, bytesPerHolder: String(2n ** 31n) });
      expect(tooMuch.refusals[0]?.why).toContain('bytes left');
    });

    test('whoever is known to be down is not chosen, and is again once it answers', async () => {
      const [one, two] = scene().others;
      note(one!.account, 'it cannot be reached (ECONNREFUSED)');
      note(two!.account);
      const { usable, refusals } = await port().choose(REQUEST);
      expect(usable.map(({ offer }) => offer.provider)).not.toContain(one!.account);
      expect(refusals[0]?.why).toBe(
        'down since 2026-01-01T00:00:00.000Z: it cannot be reached (ECONNREFUSED)',
      );
      expect(usable.find(({ offer }) => offer.provider === two!.account)?.liveness?.state).toBe('up');
      note(one!.account);
      expect((await port().choose(REQUEST)).usable).toHaveLength(3);
    });

    test('the record of who answers can be read whole and by provider', async () => {
      const [one] = scene().others;
      const all = await port().liveness({});
      expect(all).toHaveLength(2);
      const [mine] = await port().liveness({ providers: [one!.account] });
      expect(mine).toMatchObject({ state: 'up', probes: 2, answered: 1, latencyMs: 3, error: null });
      expect(await port().liveness({ providers: ['ff'.repeat(20)] })).toEqual([]);
    });

    test('each comes with its score, what it is made of, and its record; the best first', async () => {
      const before = (await port().choose(REQUEST)).usable;
      for (const { score, parts, record, isNewcomer, offer } of before) {
        expect(score).toBeCloseTo(
          Object.values(parts).reduce((product, each) => product * each, 1),
          12,
        );
        expect(isNewcomer).toBe(true);
        const hasContract = offer.provider === scene().contract.terms.provider.account;
        expect(record).toEqual(hasContract ? expect.objectContaining({ proven: 1, missed: 0 }) : null);
      }
      expect(before.map(({ score }) => score)).toEqual(
        before.map(({ score }) => score).sort((a, b) => b - a),
      );
      const last = before.at(-1)!.offer.provider;
      for (const { offer } of before) {
        if (offer.provider === last) continue;
        for (let probe = 0; probe < 9; probe++) note(offer.provider, 'no answer');
        note(offer.provider);
      }
      const after = (await port().choose(REQUEST)).usable;
      expect(after[0]?.offer.provider).toBe(last);
      expect(after.at(-1)?.parts.answers).toBeLessThan(before[0]!.parts.answers);
    });

    test('a malformed request is refused with the field', async () => {
      await expect(port().choose({ ...REQUEST, bytesPerHolder: 'many' })).rejects.toMatchObject({
        code: 'services/bad-request',
        message: expect.stringContaining('bytesPerHolder'),
      });
    });
  });
}
