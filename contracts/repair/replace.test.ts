import { beforeEach, describe, expect, test } from '@jest/globals';
import { accountPot, BURN, type ContractId, type KnownTransaction, MINT } from '#chain';
import { fastDevnet } from '../../chain/testing/memory-chain.js';
import { startHeight } from '../lifecycle/schedule.js';
import { usageSpace } from '../offer/usage.js';
import type { Agreement } from '../terms/agreement.js';
import { usualOffer } from '../testing/contract-scenario.js';
import { type RepairOptions, RepairScenario } from '../testing/repair-scenario.js';
import { restOfTerm } from './replacement.js';

let scenario: RepairScenario;

/** A contract that proved its first epoch and missed its second; four whole epochs are left. */
function missed(options: RepairOptions = {}): RepairScenario {
  scenario = new RepairScenario({ epochs: 7, ...options });
  scenario.old.proveEpoch(0);
  scenario.old.missEpoch(1);
  return scenario;
}

const refusalOf = (transaction: KnownTransaction): string | undefined =>
  scenario.chain.template([transaction]).refusals[0]?.violation.rule;
const refusalWith = (changes: Partial<Agreement>): string | undefined =>
  refusalOf(scenario.replaceTransaction(changes));
const nothing = { escrow: 0n, reserve: 0n, bounty: 0n, reads: 0n };

function settleAll(...ids: readonly ContractId[]): void {
  const { chain } = scenario;
  while (ids.some((id) => scenario.contractOf(id).settledAt === undefined)) chain.mineBlock();
}

describe('replace after a miss', () => {
  beforeEach(() => {
    missed({ readEscrow: 7_000n });
  });

  test('pays the new contract from the old one’s coins, to the unit, and burns and mints nothing', () => {
    const { chain, old, holder, repairer } = scenario;
    const { client, provider } = old.terms;
    const before = scenario.deposits();
    const { vesting, collateral } = old.pots;
    const balances = [client, provider, holder, repairer].map((wallet) => chain.balance(wallet));
    const next = scenario.replace();
    const { escrow, collateral: locked } = { ...next.pots };
    const { tranche, epochs } = next.contract;
    expect(epochs).toBe(4);
    expect(escrow).toBe(tranche * 4n);
    const bounty = escrow / 10n;
    expect(scenario.deposits(next.id)).toEqual({
      escrow,
      bounty,
      reserve: before.escrow + before.reserve - escrow - bounty,
      reads: 7_000n,
    });
    expect(scenario.deposits()).toEqual(nothing);
    expect(old.pots).toEqual({ escrow: 0n, vesting: 0n, collateral: 0n });
    expect([client, provider, holder, repairer].map((wallet) => chain.balance(wallet))).toEqual([
      balances[0],
      (balances[1] as bigint) + vesting + collateral,
      (balances[2] as bigint) - locked,
      balances[3],
    ]);
    const postings = chain.tip.events.filter((event) => event.type === 'posting');
    expect(
      postings.filter(({ from, to, reason }) => (from === MINT && reason !== 'subsidy') || to === BURN),
    ).toEqual([]);
  });

  test('the old contract is over for good and names its successor; the new one goes on', () => {
    const { chain, old } = scenario;
    const { contract: before } = old;
    const next = scenario.replace();
    expect(old.contract).toEqual({
      ...before,
      status: 'replaced',
      window: undefined,
      successor: next.id,
      settledAt: chain.height,
    });
    expect(next.contract).toMatchObject({
      status: 'active',
      client: before.client,
      ticketKey: before.ticketKey,
      provider: scenario.holder.account,
      payout: scenario.holder.account,
      root: before.root,
      leafCount: before.leafCount,
      totalBytes: before.totalBytes,
      totalChunks: before.totalChunks,
      repair: before.repair,
      origin: { kind: 'replacement', contract: old.id },
      registeredAt: chain.height,
      burned: 0n,
      minted: 0n,
      missed: 0,
      lastMissed: undefined,
      skip: undefined,
    });
    expect(chain.state.get(usageSpace, before.provider)).toBeUndefined();
    expect(chain.state.get(usageSpace, scenario.holder.account)).toBe(before.totalBytes);
    chain.mineTo(chain.height + 100);
    expect(old.contract.status).toBe('replaced');
  });

  test('the bounty is paid with the first accepted proof, once, to the new payout', () => {
    const { chain, holder } = scenario;
    const safe = chain.wallet('safe');
    const next = scenario.replace({ payout: safe.account });
    const { bounty } = scenario.deposits(next.id);
    expect(bounty).toBeGreaterThan(0n);
    const { tranche } = next.contract;
    const paid = tranche - tranche / 10n;
    const before = chain.balance(holder);
    next.missEpoch(0);
    expect(chain.balance(safe)).toBe(0n);
    next.proveEpoch(1);
    expect(chain.balance(safe)).toBe(paid + bounty);
    next.proveEpoch(2);
    expect(chain.balance(safe)).toBe(2n * paid + bounty);
    expect(chain.balance(holder)).toBe(before);
  });

  test('a bounty that is never earned returns to the client, at the end or at the failure', () => {
    const { chain, old } = scenario;
    const next = scenario.replace();
    const { bounty } = scenario.deposits(next.id);
    for (const epoch of [0, 1]) next.missEpoch(epoch);
    expect(scenario.deposits(next.id).bounty).toBe(bounty);
    next.missEpoch(2);
    expect(next.contract.status).toBe('failed');
    expect(scenario.deposits(next.id).bounty).toBe(0n);
    const refunds = chain.tip.events.filter(
      (event) => event.type === 'posting' && event.reason === 'bounty-refunded',
    );
    expect(refunds).toMatchObject([{ amount: bounty, to: accountPot(old.terms.client.account) }]);
  });

  test('the lots go on: what is minted before and after is at most what was burned', () => {
    const mint = { ...fastDevnet.mint, burnPerGiBEpoch: 1_000_000_000_000n };
    missed({ params: { ...fastDevnet, mint } });
    const { chain, old } = scenario;
    const { burned, minted } = old.contract;
    expect(minted).toBeGreaterThan(0n);
    const next = scenario.replace();
    expect(next.contract.lots).toMatchObject([
      { firstEpoch: 0, endEpoch: 4, isProven: true, minted, burned },
    ]);
    for (const epoch of [0, 1, 2, 3]) next.proveEpoch(epoch);
    expect(next.contract.minted).toBeGreaterThan(0n);
    expect(minted + next.contract.minted).toBeLessThanOrEqual(burned);
    settleAll(next.id);
    expect(next.contract).toMatchObject({ status: 'completed', proven: 4 });
    expect(scenario.deposits(next.id)).toEqual(nothing);
    const { minted: all, burned: gone, held } = chain.audit();
    expect(held).toBe(all - gone);
  });

  test('while a window is open: the old provider cannot prove any more', () => {
    const { chain, old } = scenario;
    old.openWindow(2);
    const proof = old.proveTransaction();
    scenario.replace();
    expect(refusalOf(proof)).toBe('prove/no-window');
    expect(old.contract.window).toBeUndefined();
    chain.mineTo(chain.height + 60);
  });

  test('a proof before it takes the cause away', () => {
    const { old } = scenario;
    old.proveEpoch(2);
    expect(refusalWith({})).toBe('replace/no-cause');
    const { chain } = scenario;
    old.missEpoch(3);
    old.openWindow(4);
    expect(chain.template([old.proveTransaction(), scenario.replaceTransaction()]).refusals).toMatchObject([
      { violation: { rule: 'replace/no-cause' } },
    ]);
  });

  test('twice: the second is refused, in the same block and later', () => {
    const { chain } = scenario;
    const first = scenario.replaceTransaction();
    const other = scenario.body(scenario.agreement({ nonce: new Uint8Array(16).fill(8) }));
    const second = chain.sign(scenario.repairer, 'replace', other, { lane: 1 });
    expect(chain.template([first, second]).refusals).toMatchObject([{ violation: { rule: 'replace/over' } }]);
    scenario.replace();
    expect(refusalOf(second)).toBe('replace/over');
  });

  test('is undone with its block', () => {
    const { chain } = scenario;
    const before = chain.snapshot();
    scenario.replace();
    chain.revertTip();
    expect(chain.snapshot()).toEqual(before);
  });

  test('and the end of the client in one block work in either order', () => {
    const { chain, old } = scenario;
    const replace = scenario.replaceTransaction();
    expect(chain.template([replace, old.endTransaction()]).refusals).toMatchObject([
      { violation: { rule: 'end/not-active' } },
    ]);
    // After the end only the epoch that has begun is left, so the replacement's four are too many.
    expect(chain.template([old.endTransaction(), replace]).refusals).toMatchObject([
      { violation: { rule: 'replace/epochs' } },
    ]);
  });
});

describe('the fee of a replacement', () => {
  test('comes out of the reserve up to the bounty, out of the repairer’s account above it', () => {
    missed();
    const { chain, repairer } = scenario;
    const { tranche } = scenario.old.contract;
    const escrow = 4n * tranche;
    const bounty = escrow / 10n;
    const balance = chain.balance(repairer);
    const next = scenario.replace({}, bounty);
    expect(chain.balance(repairer)).toBe(balance);
    const left = 50_000_000n + tranche - bounty;
    expect(scenario.deposits(next.id)).toMatchObject({ escrow, bounty, reserve: left - bounty });
    missed();
    const dearer = scenario.replace({}, bounty + 1n);
    expect(scenario.chain.balance(scenario.repairer)).toBe(balance - bounty - 1n);
    expect(scenario.deposits(dearer.id).reserve).toBe(left);
  });

  test('comes from the repairer where the reserve has too little', () => {
    scenario = new RepairScenario({ reserve: 0n });
    scenario.chain.mineBlock([scenario.drainTransaction()]);
    const { chain, repairer } = scenario;
    const balance = chain.balance(repairer);
    const { tranche } = scenario.old.contract;
    // One epoch fewer than was paid for: its tranche is all there is for bounty and fee.
    const bounty = (3n * tranche) / 10n;
    const left = tranche - bounty;
    expect(left).toBeGreaterThan(bounty);
    const next = scenario.replace({}, bounty);
    expect(scenario.deposits(next.id)).toMatchObject({ bounty, reserve: left - bounty });
    expect(chain.balance(repairer)).toBe(balance);
    scenario = new RepairScenario({ reserve: 0n });
    scenario.old.missEpoch(0);
    const all = scenario.deposits().escrow;
    const dear = { epochs: 2, basePerEpoch: 1_000_000n };
    const price = scenario.replace(dear, 0n);
    const rest = all - scenario.deposits(price.id).escrow;
    expect(rest).toBeGreaterThan(0n);
    const { reserve, bounty: promised } = scenario.deposits(price.id);
    expect(reserve + promised).toBe(rest);
  });
});

describe('replace after a failure', () => {
  beforeEach(() => {
    scenario = new RepairScenario({ epochs: 8 });
    scenario.fail();
  });

  test('pays out of refund and slashed collateral that wait in the reserve; the old one stays failed', () => {
    const { chain, old } = scenario;
    const { reserve } = scenario.deposits();
    expect(old.contract).toMatchObject({ status: 'failed', settledAt: undefined });
    expect(old.pots).toEqual({ escrow: 0n, vesting: 0n, collateral: 0n });
    const next = scenario.replace();
    const after = scenario.deposits(next.id);
    expect(after.escrow + after.bounty + after.reserve).toBe(reserve);
    expect(old.contract).toMatchObject({ status: 'failed', settledAt: chain.height, successor: next.id });
    expect(scenario.deposits()).toEqual(nothing);
    expect(next.contract.epochs).toBe(4);
  });

  test('the rest shrinks with the epochs that nobody held the fragments', () => {
    const { chain, old } = scenario;
    const { params } = chain.law;
    const start = startHeight(params, old.contract.registeredAt);
    const { epochBlocks, startDelayBlocks } = params.contract;
    chain.mineTo(start + 4 * epochBlocks - startDelayBlocks - 1);
    expect(restOfTerm(params, old.contract, chain.height + 1)).toEqual({ fromEpoch: 4, epochs: 4 });
    chain.mineBlock();
    expect(restOfTerm(params, old.contract, chain.height + 1)).toEqual({ fromEpoch: 5, epochs: 3 });
    chain.revertTip();
    expect(refusalWith({ epochs: 5, collateral: 100_000_000n })).toBe('replace/epochs');
    expect(scenario.replace().contract.lots).toMatchObject([{ firstEpoch: 0, endEpoch: 4, isProven: false }]);
  });

  test('after repairBlocks the reserve is the client’s again and nobody may replace', () => {
    const { chain, old } = scenario;
    const client = chain.balance(old.terms.client);
    const { reserve } = scenario.deposits();
    chain.mineTo(chain.height + chain.law.params.contract.repairBlocks - 1);
    expect(refusalWith({})).toBeUndefined();
    chain.mineBlock();
    expect(chain.balance(old.terms.client)).toBe(client + reserve);
    expect(old.contract).toMatchObject({ status: 'failed', settledAt: chain.height, successor: undefined });
    expect(refusalWith({ epochs: 1 })).toBe('replace/over');
  });

  test('the client’s end takes the reserve back at once', () => {
    const { chain, old } = scenario;
    const client = chain.balance(old.terms.client);
    const { reserve } = scenario.deposits();
    chain.mineBlock([old.endTransaction()]);
    expect(chain.balance(old.terms.client)).toBe(client + reserve);
    expect(old.contract).toMatchObject({ status: 'failed', settledAt: chain.height });
    expect(refusalWith({})).toBe('replace/over');
    expect(refusalOf(old.endTransaction())).toBe('end/not-active');
  });
});

describe('replace after a drain', () => {
  beforeEach(() => {
    scenario = new RepairScenario({ epochs: 6 });
    scenario.old.proveEpoch(0);
    scenario.chain.mineBlock([scenario.drainTransaction()]);
  });

  test('the old provider keeps what vested and its collateral', () => {
    const { chain, old } = scenario;
    const { vesting, collateral } = old.pots;
    expect(vesting).toBeGreaterThan(0n);
    const provider = chain.balance(old.terms.provider);
    const next = scenario.replace();
    expect(chain.balance(old.terms.provider)).toBe(provider + vesting + collateral);
    expect(next.contract.epochs).toBe(restOfTerm(chain.law.params, old.contract, chain.height).epochs);
  });

  test('replace/open-window: an open challenge is the old provider’s, unless it missed', () => {
    const { chain, old } = scenario;
    chain.mineTo(old.challengeHeight(1));
    expect(refusalWith({})).toBe('replace/open-window');
    old.proveEpoch(1);
    expect(refusalWith({})).toBeUndefined();
    old.missEpoch(2);
    chain.mineTo(old.challengeHeight(3));
    expect(refusalWith({})).toBeUndefined();
    for (const epoch of [3, 4]) old.proveEpoch(epoch);
    old.missEpoch(5);
    expect(old.contract).toMatchObject({ status: 'active', lastMissed: 5 });
    // The last epoch has been asked for: nothing is left to replace.
    expect(refusalWith({ epochs: 1 })).toBe('replace/epochs');
  });

  test('a replacement can be replaced; a bounty not earned by then returns to the client', () => {
    const { chain, old, holder } = scenario;
    const third = chain.wallet('third');
    chain.fund(1_000_000_000_000n, third);
    chain.mineBlock([chain.sign(third, 'offer', usualOffer(third))]);
    const next = scenario.replace();
    const { bounty } = scenario.deposits(next.id);
    chain.mineBlock([chain.sign(holder, 'drain', { contract: next.id })]);
    const early = {
      ...scenario.body(scenario.agreementOf(next.contract, third, 1), third),
      contract: next.id,
    };
    expect(refusalOf(chain.sign(scenario.repairer, 'replace', early))).toBe('replace/no-cause');
    next.missEpoch(0);
    const client = chain.balance(old.terms.client);
    const body = scenario.body(scenario.agreementOf(next.contract, third, 2), third, next.id);
    chain.mineBlock([chain.sign(scenario.repairer, 'replace', body)]);
    expect(next.contract).toMatchObject({ status: 'replaced' });
    expect(chain.balance(old.terms.client)).toBe(client + bounty);
    expect(scenario.deposits(next.id)).toEqual(nothing);
    const last = next.contract.successor as ContractId;
    settleAll(last);
    expect(scenario.deposits(last)).toEqual(nothing);
  });
});

describe('refused', () => {
  beforeEach(() => {
    missed();
  });

  test('replace/no-contract, replace/not-repairer: client, providers and strangers', () => {
    const { chain, old, repairer, holder } = scenario;
    const body = scenario.body();
    const unknown = chain.sign(repairer, 'replace', { ...body, contract: 'ab'.repeat(32) as ContractId });
    expect(refusalOf(unknown)).toBe('replace/no-contract');
    for (const wallet of [old.terms.client, old.terms.provider, holder, chain.miner])
      expect(refusalOf(scenario.replaceTransaction({}, 0n, wallet))).toBe('replace/not-repairer');
    scenario = new RepairScenario({ agreement: { repair: undefined }, reserve: 0n });
    expect(refusalOf(chain.sign(repairer, 'replace', { ...body, contract: scenario.old.id }))).toBe(
      'replace/not-repairer',
    );
  });

  test('replace/holder: the client, the old provider and the repairer', () => {
    const { chain, old, repairer } = scenario;
    const { client, provider } = old.terms;
    for (const wallet of [client, provider, repairer]) {
      const agreement = scenario.agreement({ providerKey: wallet.publicKey });
      const transaction = chain.sign(repairer, 'replace', scenario.body(agreement, wallet));
      expect(refusalOf(transaction)).toBe('replace/holder');
    }
  });

  test('replace/payout: the earnings must not go to one of them either', () => {
    const { old, repairer } = scenario;
    const { client, provider } = old.terms;
    for (const { account } of [client, provider, repairer])
      expect(refusalWith({ payout: account })).toBe('replace/payout');
    const safe = scenario.chain.wallet('safe');
    expect(refusalWith({ payout: safe.account })).toBeUndefined();
    missed({ agreement: { payout: safe.account } });
    expect(refusalWith({ payout: safe.account })).toBe('replace/payout');
  });

  test.each([
    ['replace/commitment', { root: new Uint8Array(32) }],
    ['replace/commitment', { leafCount: 2 }],
    ['replace/commitment', { totalBytes: 4_025n }],
    ['replace/commitment', { totalChunks: 5n }],
    ['replace/client', { clientKey: new Uint8Array(32).fill(1) }],
    ['replace/ticket-key', { ticketKey: new Uint8Array(32).fill(1) }],
    ['replace/repair', { repair: undefined }],
    ['replace/reads', { pricePerGiBRead: 1_000_000_001n }],
    ['replace/price', { basePerEpoch: 1_000_001n }],
    ['replace/price', { pricePerGiBEpoch: 1_000_000_001n }],
    ['replace/epochs', { epochs: 5 }],
    ['replace/deposits', { reserve: 1n }],
    ['replace/deposits', { readEscrow: 1n }],
    ['replace/deposits', { maxBurn: 1n }],
    ['form/late', { formBy: 1 }],
    ['form/epochs', { epochs: 0 }],
    ['form/collateral', { collateral: 1n }],
    ['form/offer', { offerNumber: 2n }],
    ['coins/too-little', { collateral: 10_000_000_000_000n }],
  ] as [string, Partial<Agreement>][])('%s: %p', (rule, changes) => {
    expect(refusalWith(changes)).toBe(rule);
  });

  test('replace/repair: any of the repair terms differs', () => {
    const { repair } = scenario.old.contract;
    if (repair === undefined) throw new Error('no repairer');
    for (const change of [
      { key: scenario.holder.publicKey },
      { maxBasePerEpoch: repair.maxBasePerEpoch + 1n },
      { maxPricePerGiBEpoch: repair.maxPricePerGiBEpoch + 1n },
    ])
      expect(refusalWith({ repair: { ...repair, ...change } })).toBe('replace/repair');
  });

  test('replace/reads: fewer free bytes', () => {
    missed({ agreement: { freeReadBytesPerEpoch: 5n } });
    expect(refusalWith({ freeReadBytesPerEpoch: 4n })).toBe('replace/reads');
    expect(refusalWith({ freeReadBytesPerEpoch: 5n, pricePerGiBRead: 0n })).toBeUndefined();
  });

  test('coins/too-little: the coins set aside do not reach', () => {
    const repair = {
      key: scenario.repairer.publicKey,
      maxBasePerEpoch: 100_000_000n,
      maxPricePerGiBEpoch: 1_000_000_000n,
    };
    missed({ agreement: { repair } });
    const { escrow, reserve } = scenario.deposits();
    const { basePerEpoch, collateral } = scenario.agreement();
    const { tranche } = scenario.old.contract;
    const most = (escrow + reserve - 4n * tranche) / 4n + basePerEpoch;
    const dear = { collateral: collateral * 100n };
    expect(refusalWith({ ...dear, basePerEpoch: most })).toBeUndefined();
    expect(refusalWith({ ...dear, basePerEpoch: most + 1n })).toBe('coins/too-little');
  });

  test('form/capacity, form/twice, a signature of somebody else', () => {
    const { chain, holder, repairer } = scenario;
    const next = scenario.replace();
    expect(next.contract.status).toBe('active');
    missed();
    scenario.chain.mineBlock([
      scenario.chain.sign(holder, 'offer', { ...usualOffer(holder), capacityBytes: 4_025n }),
    ]);
    expect(refusalWith({})).toBe('form/capacity');
    missed();
    const forged = scenario.body(scenario.agreement(), repairer);
    const block = scenario.chain.draft([scenario.chain.sign(repairer, 'replace', forged)]);
    const added = scenario.chain.add(block);
    expect(added).toMatchObject({ ok: false, violation: { rule: 'tx/signature' } });
    expect(chain.height).toBeGreaterThan(0);
  });

  test('what the new provider signed is no form: it names no burn, and a form names one', () => {
    const { chain, old } = scenario;
    const { agreement, providerSignature } = scenario.body();
    const fragments = old.terms.leaves.map(({ id, lengthBytes }) => ({ id, lengthBytes }));
    const form = chain.sign(old.terms.client, 'form', { agreement, fragments, providerSignature });
    expect(refusalOf(form)).toBe('form/burn');
  });
});
