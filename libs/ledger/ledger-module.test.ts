import 'reflect-metadata';
import { describe, expect, it } from '@jest/globals';
import { Inject, Injectable, Module } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { nativeCrypto } from '#crypto-native';
import { LEDGER, LedgerModule } from './ledger-module.js';
import type { LedgerPort } from './port.js';
import { withScratchFolder } from './testing/scratch-folder.js';
import { fastDevnet, TestLedger } from './testing/test-ledger.js';

@Injectable()
class Reader {
  constructor(@Inject(LEDGER) readonly ledger: LedgerPort) {}
}

@Module({ providers: [Reader] })
class Feature {}

describe('LedgerModule', () => {
  it('gives a feature the ledger of this process and closes it on shutdown', async () => {
    await withScratchFolder(async (dataDir) => {
      const ledger = LedgerModule.embedded({
        dataDir,
        params: fastDevnet,
        crypto: nativeCrypto,
        clock: () => 0,
      });
      const app = await Test.createTestingModule({ imports: [ledger, Feature] }).compile();
      const status = await app.get(Reader, { strict: false }).ledger.status();
      expect(status).toMatchObject({ network: 'devnet', tip: { height: 0 } });
      app.enableShutdownHooks();
      await app.close();
      // The folder is free again, and the data is there.
      const next = await TestLedger.open({ dataDir });
      expect((await next.ledger.status()).genesisId).toBe(status.genesisId);
      await next.ledger.close();
    });
  });

  it('gives the same feature a ledger that lives elsewhere', async () => {
    const elsewhere = await TestLedger.open();
    try {
      const remote = LedgerModule.remote(elsewhere.ledger);
      const app = await Test.createTestingModule({ imports: [remote, Feature] }).compile();
      await elsewhere.mine();
      expect((await app.get(Reader, { strict: false }).ledger.status()).tip.height).toBe(1);
      await app.close();
    } finally {
      await elsewhere.close();
    }
  });
});
