import { expect, test } from '@jest/globals';
import { nativeCrypto } from '#crypto-native';
import type { ContractView } from '#wire';
import { fastDevnet } from '../ledger/testing/index.js';
import { HolderWatch } from './holder-watch.js';

test('a failed contract keeps its provider from new ones until it is over, and no longer', async () => {
  const view = {
    id: 'aa'.repeat(32),
    provider: 'failed-once',
    status: 'failed',
    settledAt: null as number | null,
    refundHeight: 50,
    successor: null,
    replaceable: 'failed',
    dueAt: 0,
  };
  const watch = new HolderWatch({
    // Only what is looked at of a contract.
    ledger: { contract: async () => ({ ...view }) as unknown as ContractView, contractFragments: undefined! },
    crypto: nativeCrypto,
    params: fastDevnet,
    sessions: { keepOnly: () => undefined } as never,
    onLostFragment: () => undefined,
  });
  watch.keepOnly([view.id]);
  await watch.lookUp(10, false);
  expect([...watch.silentProviders()]).toEqual(['failed-once']);
  view.settledAt = 50;
  await watch.lookUp(51, false);
  expect([...watch.silentProviders()]).toEqual([]);
});
