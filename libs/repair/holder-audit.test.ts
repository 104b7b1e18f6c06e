import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { ContractId, FragmentId } from '#chain';
import { HolderSessions } from '#client';
import { AppError } from '#errors';
import type { ContractView } from '#wire';
import { ClientStage } from '../client/testing/index.js';
import { HolderAudit } from './holder-audit.js';

const FRAGMENTS = 60;
/** 14 of them at a visit. */
const VISITS = 5;

let stage: ClientStage;
let view: ContractView;
let ids: readonly FragmentId[];
beforeAll(async () => {
  stage = await ClientStage.open();
  const { contract, fragments } = await stage.form(new Array(FRAGMENTS).fill(1_100));
  view = await stage.view(contract);
  ids = fragments.map(({ id }) => id);
}, 90_000);
afterAll(async () => {
  await stage.close();
});

function auditWith(sessions: Pick<HolderSessions, 'with'>): HolderAudit {
  const { crypto } = stage.client.context;
  return new HolderAudit({ crypto, ledger: stage.market.ledger.ledger, sessions });
}

test('a holder that has everything proves it; whatever a living one lost is met within one walk through all of it', async () => {
  const audit = auditWith(new HolderSessions(stage.client.context));
  const leaves = await audit.leavesOf(view);
  expect(leaves).toHaveLength(FRAGMENTS);
  expect(await audit.visit(view, leaves)).toEqual([]);
  const { store } = stage.market.provider.provider.context;
  // Two of them side by side: its answer to one question names one alone.
  const lost = [ids[7]!, ids[31]!, ids[32]!];
  for (const id of lost) await store.remove(id);
  const found = new Set<string>();
  for (let visit = 0; visit < VISITS; visit++)
    for (const id of await audit.visit(view, leaves)) found.add(id);
  expect([...found].sort()).toEqual([...lost].sort());
}, 30_000);

test('a holder that names what it was not asked for is refused, and nothing is put again for it', async () => {
  const data = { rule: 'fragment/lost', details: { fragment: 'ab'.repeat(32) as ContractId } };
  const liar = {
    audit: () =>
      Promise.reject(new AppError({ code: 'provider/refused', message: 'lost', next: 'none', data })),
  };
  const audit = auditWith({ with: () => Promise.resolve(liar as never) });
  await expect(audit.visit(view, await audit.leavesOf(view))).rejects.toMatchObject({
    code: 'provider/refused',
  });
});
