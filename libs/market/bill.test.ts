import { describe, expect, test } from '@jest/globals';
import { devnet } from '#chain';
import type { ContractView, PostingView } from '#wire';
import { addBills, type Bill, billOf, compareToQuote, quoteContracts } from './index.js';

const ID = '11'.repeat(32);
const OTHER = '22'.repeat(32);
const CLIENT = 'account:client';
const PROVIDER = 'account:provider';

type Row = readonly [from: string, to: string, amount: bigint, reason: string];

const pot = (kind: string, id = ID) => `${kind}:${id}`;

function bill(
  rows: readonly Row[],
  locked: Partial<Record<'escrow' | 'reserve' | 'reads' | 'bounty', bigint>> = {},
): Bill {
  const postings = rows.map(
    ([from, to, amount, reason], position): PostingView => ({
      height: 1,
      blockId: '',
      time: '',
      position,
      from,
      to,
      amount: amount.toString(),
      reason,
      subject: ID,
    }),
  );
  const amounts = { escrow: 0n, reserve: 0n, reads: 0n, bounty: 0n, ...locked };
  const contract = {
    id: ID,
    client: 'client',
    provider: 'provider',
    providerAddress: 'address of provider',
    status: 'active',
    ...Object.fromEntries(Object.entries(amounts).map(([name, held]) => [name, held.toString()])),
  } as unknown as ContractView;
  return billOf({ contract, postings, fees: 7n });
}

const formed: readonly Row[] = [
  [CLIENT, pot('escrow'), 1_000n, 'escrow'],
  [CLIENT, 'burn', 50n, 'burn'],
  [CLIENT, pot('reserve'), 200n, 'reserve'],
  [CLIENT, pot('reads'), 30n, 'reads'],
  [PROVIDER, pot('collateral'), 500n, 'collateral'],
];

describe('a bill', () => {
  test('of a contract that was just formed: everything is still locked', () => {
    expect(bill(formed, { escrow: 1_000n, reserve: 200n, reads: 30n })).toMatchObject({
      storage: 1_000n,
      burned: 50n,
      reserve: 200n,
      reads: 30n,
      fees: 7n,
      total: 1_287n,
      paid: 0n,
      refunded: 0n,
      stillLocked: 1_230n,
      carriedOver: 0n,
    });
  });

  test('of a proof, a miss, a read and the end: paid, kept back, refunded and what the provider paid are told apart', () => {
    const rows: Row[] = [
      ...formed,
      [pot('escrow'), PROVIDER, 90n, 'tranche'],
      [pot('escrow'), pot('vesting'), 10n, 'tranche-vesting'],
      [pot('reads'), PROVIDER, 20n, 'reads-paid'],
      [pot('escrow'), CLIENT, 100n, 'tranche-returned'],
      [pot('collateral'), 'burn', 50n, 'slash-burned'],
      [pot('collateral'), CLIENT, 50n, 'slash-to-client'],
    ];
    const running = bill(rows, { escrow: 800n, reserve: 200n, reads: 10n });
    expect(running).toMatchObject({
      paid: 110n,
      held: 10n,
      refunded: 100n,
      compensation: 50n,
      carriedOver: 0n,
    });
    const settled: Row[] = [
      ...rows,
      [pot('escrow'), CLIENT, 800n, 'escrow-refunded'],
      [pot('vesting'), PROVIDER, 10n, 'vesting-paid'],
      [pot('collateral'), PROVIDER, 400n, 'collateral-returned'],
      [pot('reads'), CLIENT, 10n, 'reads-refunded'],
      [pot('reserve'), CLIENT, 200n, 'reserve-refunded'],
    ];
    const over = bill(settled);
    expect(over).toMatchObject({ paid: 120n, held: 0n, refunded: 1_110n, stillLocked: 0n, carriedOver: 0n });
    expect(over.storage + over.reserve + over.reads).toBe(over.paid + over.refunded);
  });

  test('of a failure with a repairer: the slashed half waits for the repair and is no refund', () => {
    const failed = bill(
      [
        ...formed,
        [pot('vesting'), CLIENT, 40n, 'vesting-forfeited'],
        [pot('collateral'), 'burn', 250n, 'failure-burned'],
        [pot('collateral'), pot('reserve'), 250n, 'failure-to-reserve'],
        [pot('escrow'), pot('reserve'), 1_000n, 'escrow-to-reserve'],
        [pot('reads'), CLIENT, 30n, 'reads-refunded'],
      ],
      { reserve: 1_450n },
    );
    expect(failed).toMatchObject({ refunded: 30n, compensation: 290n, stillLocked: 1_450n, carriedOver: 0n });
  });

  test('of a replaced contract and its replacement: what went on is not lost, and only once in the sum', () => {
    // The postings of a replacement are about the new contract; the old one only misses the coins.
    const old = bill([...formed, [pot('escrow'), pot('reserve'), 1_000n, 'escrow-to-reserve']], {});
    expect(old.carriedOver).toBe(1_230n);
    const next = bill(
      [
        [pot('reserve', OTHER), pot('escrow'), 900n, 'escrow'],
        [pot('reserve', OTHER), pot('bounty'), 90n, 'bounty-promised'],
        [pot('reserve', OTHER), pot('reserve'), 210n, 'reserve'],
        [pot('reads', OTHER), pot('reads'), 30n, 'reads'],
        [pot('bounty'), PROVIDER, 90n, 'bounty'],
      ],
      { escrow: 900n, reserve: 210n, reads: 30n },
    );
    expect(next).toMatchObject({
      storage: 0n,
      carriedIn: 1_230n,
      paid: 90n,
      stillLocked: 1_140n,
      carriedOver: 0n,
    });
    const both = addBills(old, next);
    expect(both.storage + both.reserve + both.reads + both.carriedIn).toBe(
      both.paid + both.refunded + both.stillLocked + both.carriedOver,
    );
  });

  test('beside its quote: more or less, item by item', () => {
    const quoted = {
      ...quoteContracts(devnet, { burnPerGiBEpoch: 1n }, [], 1),
      storage: 990n,
      burn: 60n,
      fees: 7n,
      total: 1_057n,
    };
    expect(compareToQuote(bill(formed), quoted)).toMatchObject({
      storage: 10n,
      burn: -10n,
      fees: 0n,
      reserve: 200n,
      total: 230n,
    });
  });
});
