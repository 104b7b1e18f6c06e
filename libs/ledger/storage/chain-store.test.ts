import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { nativeCrypto } from '#crypto-native';
import { describeChainStore } from '../testing/chain-store-conformance.js';
import { createMemoryChainStore } from './memory-chain-store.js';
import { openChainStore } from './sqlite-chain-store.js';

describeChainStore('in memory', async () => {
  const store = createMemoryChainStore();
  const reopen = async () => {
    await store.close();
    return store;
  };
  return { store, reopen, remove: async () => undefined };
});

describeChainStore('SQLite through TypeORM', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'cairn-store-'));
  const open = () => openChainStore(join(folder, 'chain.sqlite'), nativeCrypto);
  let opened = await open();
  return {
    store: opened,
    reopen: async () => {
      await opened.close();
      opened = await open();
      return opened;
    },
    remove: async () => {
      await opened.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
});
