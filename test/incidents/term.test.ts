import { describe, expect, test } from '@jest/globals';
import { accountPot, type KnownTransaction, potSpace } from '#chain';
import { challengeSlot, contractSpace, endHeightExclusive, settleHeight } from '#contracts';
import { redeemTransaction, renewTransaction, reviseTransaction } from '../../contracts/testing/changes.js';
import {
  agreeOn,
  ContractScenario,
  challengeProof,
  createContractScenario,
  usualOffer,
} from '../../contracts/testing/contract-scenario.js';
import { feedScenario, TestLedger } from '../../libs/ledger/testing/index.js';

/** A contract whose id gives it this block of the epoch. */
function withSlot(slot: number, epochs: number): ContractScenario {
  const { chain, terms } = createContractScenario();
  for (let nonce = 0; ; nonce++) {
    const choices = {
      epochs,
      readEscrow: 5_000n,
      nonce: Uint8Array.from({ length: 16 }, (_, at) => nonce >> (8 * at)),
    };
    const agreed = agreeOn(chain, terms.client, terms.provider, terms.fragments, choices);
    if (challengeSlot(chain.law, agreed.id) === slot) return new ContractScenario(chain, agreed);
  }
}

function refusalOf({ chain }: ContractScenario, known: KnownTransaction): string | undefined {
  return chain.template([known]).refusals[0]?.violation.rule;
}

describe('a slot in the last block of a term', () => {
  const { epochBlocks, windowBlocks } = createContractScenario().chain.law.params.contract;

  test('is challenged inside the term, proven after it, and paid before anything is settled', () => {
    const scenario = withSlot(epochBlocks - 1, 1);
    const { chain } = scenario;
    scenario.form();
    const endsAt = endHeightExclusive(chain.law.params, scenario.contract);
    expect(scenario.challengeHeight(0)).toBe(endsAt - 1);
    chain.mineTo(scenario.lastProofHeight(0) - 1);
    expect(chain.height).toBe(endsAt + windowBlocks - 2);
    expect(scenario.contract.status).toBe('active');
    chain.mineBlock([scenario.proveTransaction()]);
    expect(scenario.contract).toMatchObject({ proven: 1, missed: 0, status: 'active' });
    chain.mineTo(settleHeight(chain.law.params, scenario.contract) - 1);
    expect(scenario.contract.status).toBe('active');
    chain.mineBlock();
    expect(scenario.contract.status).toBe('completed');
    expect([...chain.state.entries(potSpace)].filter(([pot]) => pot.endsWith(scenario.id))).toEqual([]);
  });

  test('missed there, it is slashed before the collateral returns', () => {
    const scenario = withSlot(epochBlocks - 1, 1);
    const { chain } = scenario;
    scenario.form();
    const { collateral } = scenario.contract;
    chain.mineTo(settleHeight(chain.law.params, scenario.contract) - 1);
    expect(scenario.contract).toMatchObject({ missed: 1, status: 'active' });
    expect(scenario.pots).toMatchObject({ escrow: 0n, collateral: (collateral * 8n) / 10n });
  });

  test('the first block of a term: extended in its last block, the next challenge is in the very next', () => {
    const scenario = withSlot(0, 1);
    const { chain } = scenario;
    scenario.form();
    scenario.proveEpoch(0);
    const endsAt = endHeightExclusive(chain.law.params, scenario.contract);
    chain.mineTo(endsAt - 2);
    chain.mineBlock([reviseTransaction(scenario, { epochs: 2 })]);
    expect(scenario.contract).toMatchObject({ endEpoch: 2, window: undefined });
    chain.mineBlock();
    expect(scenario.contract.window).toMatchObject({ epoch: 1, challengeHeight: endsAt });
    scenario.proveEpoch(1);
    expect(scenario.contract.proven).toBe(2);
  });

  test('ended in the last block, the epoch under way is the last, and an end one block later has nothing to end', () => {
    const scenario = withSlot(epochBlocks - 1, 2);
    const { chain } = scenario;
    scenario.form();
    const firstEnds = scenario.challengeHeight(0) + 1;
    chain.mineTo(firstEnds - 2);
    const end = scenario.endTransaction();
    chain.mineBlock([end]);
    expect(scenario.contract).toMatchObject({ endEpoch: 1, window: { epoch: 0 } });
    chain.revertTip();
    chain.mineBlock();
    // One block later the second epoch has begun: it is challenged and paid too.
    expect(refusalOf(scenario, scenario.endTransaction())).toBe('end/already-ending');
  });
});

describe('a proof for another height', () => {
  test('one block early, at the first and last height, one late; the right answer at the wrong time is refused', () => {
    const scenario = createContractScenario({ epochs: 3 });
    const { chain } = scenario;
    scenario.form();
    chain.mineTo(scenario.firstProofHeight(0) - 2);
    const proof = challengeProof(chain, scenario.terms);
    expect(refusalOf(scenario, scenario.proveTransaction({ proof }))).toBe('prove/too-early');
    chain.mineBlock();
    expect(refusalOf(scenario, scenario.proveTransaction({ proof }))).toBeUndefined();
    chain.mineTo(scenario.lastProofHeight(0) - 1);
    expect(refusalOf(scenario, scenario.proveTransaction({ proof }))).toBeUndefined();
    chain.mineBlock();
    const late = chain.sign(scenario.terms.provider, 'prove', { contract: scenario.id, epoch: 0, proof });
    expect(refusalOf(scenario, late)).toBe('prove/no-window');
    expect(scenario.contract).toMatchObject({ missed: 1, proven: 0 });
    // The answer to the challenge of one epoch is none to that of the next.
    scenario.openWindow(1);
    expect(refusalOf(scenario, scenario.proveTransaction({ proof }))).toMatch(/^prove\//);
    expect(refusalOf(scenario, scenario.proveTransaction())).toBeUndefined();
  });
});

describe('what has expired', () => {
  test('is never shown or paid as valid: an agreement, an offer, a term, a voucher', async () => {
    const scenario = withSlot(3, 1);
    const { chain, terms } = scenario;
    const { client, provider } = terms;
    const lapsing = scenario.formWith({ formBy: chain.height + 1 });
    chain.mineBlock();
    expect(refusalOf(scenario, lapsing)).toBe('form/late');
    scenario.form();
    scenario.proveEpoch(0);
    const endsAt = endHeightExclusive(chain.law.params, scenario.contract);
    chain.mineTo(endsAt);
    expect(refusalOf(scenario, reviseTransaction(scenario))).toBe('revise/over');
    const ledger = await TestLedger.open();
    try {
      await feedScenario(ledger, scenario);
      // The term is over and the coins are still there: no challenge to come, and the height by which they are back.
      const waiting = await ledger.ledger.contract({ id: scenario.id });
      const settlesAt = settleHeight(chain.law.params, scenario.contract);
      expect(waiting).toMatchObject({
        status: 'active',
        nextChallengeHeight: null,
        dueAt: settlesAt,
        refundHeight: settlesAt,
        escrow: '0',
        reads: '5000',
        lots: [{ proven: true }],
      });
      // Reading is still paid until then, and no longer.
      chain.mineBlock([redeemTransaction(scenario, 1_000n)]);
      const before = chain.pot(accountPot(client.account));
      chain.mineTo(settlesAt);
      expect(chain.pot(accountPot(client.account)) - before).toBe(4_000n);
      for (const late of [redeemTransaction(scenario, 2_000n), renewTransaction(scenario)])
        expect(refusalOf(scenario, late)).toMatch(/^(redeem|renew)\/not-active$/);
      await feedScenario(ledger, scenario);
      expect(await ledger.ledger.contract({ id: scenario.id })).toMatchObject({
        status: 'completed',
        settledAt: settlesAt,
        dueAt: null,
        escrow: '0',
        reads: '0',
        vesting: '0',
        collateral: '0',
      });
      const offer = { ...usualOffer(provider), expiresAt: chain.height + 3 };
      chain.mineBlock([chain.sign(provider, 'offer', offer)]);
      const agreed = agreeOn(chain, client, provider, terms.fragments, {
        epochs: 2,
        nonce: new Uint8Array(16).fill(9),
      });
      chain.mineTo(offer.expiresAt - 1);
      await feedScenario(ledger, scenario);
      expect((await ledger.ledger.offer({ provider: provider.account }))?.expiresAt).toBe(chain.height + 1);
      expect(refusalOf(scenario, new ContractScenario(chain, agreed).formTransaction())).toBe(
        'form/offer-expired',
      );
    } finally {
      await ledger.close();
    }
  });

  test('a provider that changes where its earnings go changes it for contracts to come', () => {
    const scenario = createContractScenario({ epochs: 3 });
    const { chain, terms } = scenario;
    scenario.form();
    const safe = chain.wallet('safe');
    chain.mineBlock([
      chain.sign(terms.provider, 'offer', { ...usualOffer(terms.provider), payout: safe.account }),
    ]);
    const before = chain.pot(accountPot(terms.provider.account));
    scenario.proveEpoch(0);
    expect(chain.pot(accountPot(safe.account))).toBe(0n);
    expect(chain.pot(accountPot(terms.provider.account))).toBeGreaterThan(before);
    const next = agreeOn(chain, terms.client, terms.provider, terms.fragments, {
      epochs: 2,
      nonce: new Uint8Array(16).fill(4),
    });
    new ContractScenario(chain, next).form();
    expect(chain.state.get(contractSpace, next.id)?.payout).toBe(safe.account);
  });
});
