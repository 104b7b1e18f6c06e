import { spawnSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { NETWORKS } from '#chain';
import type { InvariantError } from '#errors';
import { fastDevnet } from '../../../chain/testing/memory-chain.js';
import type { OwnLedger } from '../embedded-ledger.js';
import { newChain } from '../testing/forks.js';
import { solveTemplate } from '../testing/test-ledger.js';
import { type OpenLedgerWorkerOptions, openLedgerWorker } from './open-ledger-worker.js';

describe('a ledger whose law runs in a thread of its own', () => {
  let dataDir: string;
  const opened: OwnLedger[] = [];
  beforeEach(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'cairn-ledger-'));
  });
  afterEach(async () => {
    for (const ledger of opened.splice(0)) await ledger.close();
    await rm(dataDir, { recursive: true, force: true });
  });

  async function open(options: Partial<OpenLedgerWorkerOptions> = {}): Promise<OwnLedger> {
    const ledger = await openLedgerWorker({ dataDir, params: fastDevnet, verifyThreads: 1, ...options });
    opened.push(ledger);
    return ledger;
  }

  it('takes many blocks at once, and has them after a restart', async () => {
    const chain = newChain();
    chain.fund(1_000n, chain.wallet('x'), chain.wallet('y'));
    chain.mineTo(60);
    const ledger = await open();
    const outcomes = await Promise.all(
      Array.from({ length: 60 }, (_, index) => ledger.access.submitBlock(chain.at(index + 1).block.bytes)),
    );
    expect(outcomes.every(({ ok }) => ok)).toBe(true);
    await ledger.indexed();
    expect(await ledger.status()).toMatchObject({ tip: { height: 60 }, indexHeight: 60 });
    const { items } = await ledger.blockTransactions({ ref: '1' });
    expect(items).toHaveLength(2);
    await ledger.close();
    await expect(ledger.status()).rejects.toMatchObject({ code: 'ledger/closed' });
    const again = await open();
    expect((await again.access.tip()).id).toBe(chain.tip.block.id);
    expect(again.law.params.name).toBe('devnet');
    expect((await again.audit()).differences).toEqual([]);
  });

  it('mines on its own clock, and streams end when it closes', async () => {
    const ledger = await open();
    const seen: number[] = [];
    const reading = (async () => {
      for await (const event of ledger.follow({}, new AbortController().signal))
        if (event.type === 'block') seen.push(event.height);
    })();
    const template = await ledger.template({ miner: '00'.repeat(20) });
    expect(await ledger.submitSolution(solveTemplate(template))).toMatchObject({ height: 1 });
    await ledger.close();
    await reading;
    expect(seen).toEqual([1]);
  });

  it('errors of opening come through as they are', async () => {
    const first = await open();
    await expect(open()).rejects.toMatchObject({ code: 'data-folder/in-use' });
    await first.close();
    await expect(open({ params: NETWORKS.testnet })).rejects.toMatchObject({
      code: 'ledger/wrong-network',
      next: expect.stringContaining('--network devnet'),
    });
  });

  it('a thread that dies fails every call and is told as our own fault', async () => {
    let died: (error: InvariantError) => void = () => undefined;
    const death = new Promise<InvariantError>((resolve) => {
      died = resolve;
    });
    const ledger = await open({ onDeath: died });
    const underWay = ledger.access.missingBodies(undefined as never);
    const dead = { code: 'ledger/worker-died', next: expect.stringContaining('start the process again') };
    await expect(underWay).rejects.toMatchObject(dead);
    expect((await death).message).toMatch(/thread ended .*TypeError/s);
    await expect(ledger.status()).rejects.toMatchObject(dead);
    await expect(ledger.access.tip()).rejects.toMatchObject(dead);
    await ledger.close();
    // What was acknowledged is there, and the folder is free again.
    expect((await (await open()).status()).tip.height).toBe(0);
  });

  it('and ends the process as any broken assumption does', () => {
    const worker = new URL('./open-ledger-worker.js', import.meta.url).href;
    const lifecycle = new URL('../../lifecycle/index.js', import.meta.url).href;
    const chain = new URL('../../../chain/index.js', import.meta.url).href;
    const program = `
      const { openLedgerWorker } = await import('${worker}');
      const { runProcess } = await import('${lifecycle}');
      const { NETWORKS } = await import('${chain}');
      runProcess({ name: 'x', start: async () => {
        const options = { dataDir: ${JSON.stringify(dataDir)}, params: NETWORKS.devnet, verifyThreads: 1 };
        const ledger = await openLedgerWorker(options);
        ledger.access.missingBodies().catch(() => undefined);
        return () => ledger.close();
      } });`;
    const child = spawnSync(process.execPath, ['--input-type=module', '--eval', program], {
      timeout: 30_000,
    });
    expect(child.stderr.toString()).toContain("the ledger's thread ended in the middle of its work");
    expect(child.status).toBe(70);
  });
});
