import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { potSpace } from '#chain';
import { burnPriceOf } from '#contracts';
import type { MemoryChain } from '../../chain/testing/memory-chain.js';
import { ShadowLedger } from '../../libs/ledger/audit/shadow-ledger.js';
import { everyChange, rounds, wholeMarket } from './market-arbitrary.js';
import { MarketHistory } from './market-history.js';

/** Drawn anew in every run and printed; put the printed number here to repeat a history. */
const seed = Math.floor(Math.random() * 2 ** 31);
process.stdout.write(`supply-audit: fast-check seed ${seed}\n`);

/** What happened in all histories together: an audit of histories in which nothing happens proves nothing. */
const seen = new Map<string, number>();

function count(what: string): void {
  seen.set(what, (seen.get(what) ?? 0) + 1);
}

/** The first pot, or the burn price, that the two bookkeepings do not agree on. */
function firstDifference(chain: MemoryChain, shadow: ShadowLedger): string | undefined {
  const [complaint] = shadow.coins.complaints;
  if (complaint !== undefined) return complaint;
  const counted = new Map(shadow.coins.balances);
  for (const [pot, held] of chain.state.entries(potSpace)) {
    if (counted.get(pot) !== held)
      return `block ${chain.height}: ${pot} holds ${held}, the audit counts ${counted.get(pot)}`;
    counted.delete(pot);
  }
  const [extra] = counted;
  if (extra !== undefined) return `block ${chain.height}: the audit counts ${extra[1]} in ${extra[0]}`;
  const price = burnPriceOf(chain.law.params, chain.state);
  if (shadow.burnPerGiBEpoch !== price)
    return `the audit burns at ${shadow.burnPerGiBEpoch}, the law at ${price}`;
  return undefined;
}

/** Replays what was mined since the last time, block by block. */
function follow(chain: MemoryChain, shadow: ShadowLedger): void {
  while (shadow.height < chain.height) {
    const { block, events } = chain.at(shadow.height + 1);
    shadow.replay(block);
    for (const { transaction } of block.transactions) count(transaction.kind);
    for (const event of events) {
      if (event.type === 'object') count(event.name);
      else count(`${event.from.split(':')[0]}>${event.to.split(':')[0]} ${event.reason}`);
    }
  }
}

/** Every way a coin moves, by the reasons that the law's code names; each must have been audited. */
const REASONS = [
  'account>escrow escrow',
  'account>burn burn',
  'account>reserve reserve',
  'account>reads reads',
  'account>collateral collateral',
  'escrow>account tranche',
  'escrow>vesting tranche-vesting',
  'escrow>account tranche-returned',
  'escrow>account tranche-skipped',
  'escrow>account escrow-refunded',
  'escrow>account escrow-dropped',
  'escrow>reserve escrow-to-reserve',
  'reserve>escrow escrow',
  'reserve>bounty bounty-promised',
  'reserve>reserve reserve',
  'reserve>account reserve-refunded',
  'reserve>fees fee',
  'bounty>account bounty',
  'reads>account reads-paid',
  'reads>account reads-refunded',
  'collateral>burn slash-burned',
  'collateral>account slash-to-client',
  'collateral>burn failure-burned',
  'collateral>reserve failure-to-reserve',
  'collateral>account collateral-returned',
  'vesting>account vesting-paid',
  'vesting>account vesting-forfeited',
  'mint>proof-mint mint-inclusion',
  'mint>pool mint-pool',
];

describe('the supply audit', () => {
  test('agrees with the law on every pot and on the burn price, whatever happens', () => {
    fc.assert(
      fc.property(rounds, (history) => {
        const market = new MarketHistory();
        const { chain } = market;
        const shadow = new ShadowLedger(chain.law);
        for (const round of history) {
          const added = chain.add(chain.draft(market.propose(round)));
          if (!added.ok) throw new Error(added.violation.rule);
          follow(chain, shadow);
          for (let idle = 0; idle < round.idleBlocks; idle++) chain.mineBlock();
          follow(chain, shadow);
          expect(firstDifference(chain, shadow)).toBeUndefined();
        }
      }),
      {
        seed,
        examples: [[wholeMarket], [everyChange]],
        numRuns: 60,
        interruptAfterTimeLimit: 6_000,
        markInterruptAsFailure: false,
      },
    );
    process.stdout.write(`supply-audit: ${JSON.stringify(Object.fromEntries([...seen].sort()))}\n`);
    const { kindsByName } = new MarketHistory().chain.law;
    const missing = [...kindsByName.keys(), ...REASONS, 'burn-price/moved'].filter((what) => !seen.has(what));
    expect(missing).toEqual([]);
  });
});
