import { expect, test } from '@jest/globals';
import { bytesToHex } from '#crypto';
import { nativeCrypto } from '#crypto-native';
import type { ConnectPort } from './service-scene.js';
import { describeService } from './suite.js';

/** What every way to reach the registry service promises. */
export function describeRegistryPort(how: string, connect: ConnectPort): void {
  describeService('registry', how, connect, ({ scene, port }) => {
    test('the newest endpoint of a principal wins, until its time is over', async () => {
      const [, two] = scene().others;
      const before = await port().endpoint({ principal: two!.account });
      expect(before?.addresses).toEqual(['http://127.0.0.1:7201']);
      const body = { addresses: ['http://127.0.0.1:7300'], owner: 'new', region: 'there', ttlBlocks: 3 };
      await scene().test.send(two!, { kind: 'endpoint', body });
      await scene().test.mine();
      const after = await port().endpoint({ principal: two!.account });
      expect(after?.addresses).toEqual(['http://127.0.0.1:7300']);
      await scene().test.mineTo(after!.expiresAt);
      expect(await port().endpoint({ principal: two!.account })).toBeNull();
      const listed = (await port().endpoints({})).items.map(({ principal }) => principal);
      expect(listed).not.toContain(two!.account);
      expect(listed).toHaveLength(2);
    });

    test('a fragment names its holders', async () => {
      const { fragments, id, provider } = scene().contract.terms;
      const fragment = bytesToHex(nativeCrypto.blake3(fragments[0]!));
      const holders = await port().holders({ fragment });
      expect(holders).toEqual([
        expect.objectContaining({
          contract: id,
          provider: provider.account,
          addresses: ['http://127.0.0.1:7110'],
        }),
      ]);
      expect(await port().holders({ fragment: '11'.repeat(32) })).toEqual([]);
    });

    test('the directory shows price, liveness and record of each provider', async () => {
      const { provider } = scene().contract.terms;
      const { items } = await port().providers({});
      expect(items).toHaveLength(3);
      const mine = await port().provider({ provider: provider.account });
      expect(items.find((view) => view.provider === provider.account)).toEqual(mine);
      expect(mine?.record).toMatchObject({ active: 1, proven: 1, failed: 0 });
      expect(mine?.liveness).toBeNull();
      expect(mine?.offer?.basePerEpoch).toBe('1000000');
    });

    test('somebody who never provided anything is null, and no address is an error', async () => {
      expect(await port().provider({ provider: scene().test.miner.account })).toBeNull();
      await expect(port().provider({ provider: 'nobody' })).rejects.toMatchObject({
        code: 'ledger/bad-address',
      });
    });

    test('the overview counts what is there', async () => {
      const { items } = await scene().ledger.contracts({ status: 'active' });
      const overview = await port().overview({});
      expect(overview).toMatchObject({ providers: 3, providersUp: 0, activeContracts: items.length });
      expect(overview.storedBytes).toBe(items[0]?.totalBytes);
      expect(overview.capacityBytes).toBe(String(3n << 30n));
    });
  });
}
