import type { z } from 'zod';
import type { NetworkParams } from '#chain';
import { AppError } from '#errors';
import type { LedgerPort } from '#ledger';
import {
  createLocalPort,
  type HandlersOf,
  PAYOUTS_CONTRACT,
  type PayoutLineView,
  type PayoutStatementView,
  type PayoutsPort,
} from '#services';
import { readAtOneTip } from './at-one-tip.js';
import { forecastContract } from './forecast.js';
import { readMinerRewards } from './miner-rewards.js';
import { addPosting, type ReasonSums, sumsToTotals } from './payout-totals.js';
import { PenaltyReader } from './penalties.js';
import { parsePlace, placeAfter } from './place.js';
import { contractsOfProvider } from './provider-contracts.js';
import { compareRisks, riskOf } from './risk.js';
import { contractLines } from './statement-lines.js';
import type { SummaryBook } from './summary-book.js';

export interface PayoutsServiceOptions {
  readonly ledger: LedgerPort;
  readonly params: NetworkParams;
  readonly book: SummaryBook;
}

/** Statements made of the ledger's postings; no sum in them that is not a sum of postings. */
export function createPayoutsService({ ledger, params, book }: PayoutsServiceOptions): PayoutsPort {
  const handlers: HandlersOf<typeof PAYOUTS_CONTRACT> = {
    async summaries({ limit, cursor }) {
      await book.refresh();
      const rest = book.summaries().filter(({ provider }) => cursor === undefined || provider > cursor);
      const items = rest.slice(0, limit);
      return { items, nextCursor: rest.length > limit ? (items.at(-1)?.provider ?? null) : null };
    },

    async summary({ provider: ref }) {
      const { account } = await ledger.account({ account: ref });
      await book.refresh();
      return book.summaries().find(({ provider }) => provider === account) ?? null;
    },

    statement: (request) => readAtOneTip(ledger, (tip) => readStatement(ledger, tip.height, request)),

    forecast: ({ provider: ref, contract, epochs }) =>
      readAtOneTip(ledger, async (tip) => {
        const { account } = await ledger.account({ account: ref });
        const contracts = await contractsOfProvider(ledger, account, 'active');
        const wanted = contracts.filter(({ id }) => contract === undefined || id === contract);
        if (contract !== undefined && wanted.length === 0) throw notFound('active contract', contract);
        const items = wanted
          .flatMap((each) => forecastContract(params, tip, each, epochs))
          .sort((a, b) => a.height - b.height || (a.contract < b.contract ? -1 : 1));
        const sum = (name: 'paid' | 'vesting' | 'bounty' | 'collateral') =>
          items.reduce((total, item) => total + BigInt(item[name]), 0n).toString();
        return {
          provider: account,
          asOfHeight: tip.height,
          epochs,
          totals: {
            paid: sum('paid'),
            vesting: sum('vesting'),
            bounty: sum('bounty'),
            collateral: sum('collateral'),
          },
          items,
          assumption: `every epoch is proven in the first block that takes it; blocks come every ${params.proofOfWork.blockSeconds} s; fees of proofs are not taken off`,
        };
      }),

    risk: ({ provider: ref }) =>
      readAtOneTip(ledger, async (tip) => {
        const { account } = await ledger.account({ account: ref });
        const contracts = await contractsOfProvider(ledger, account, 'active');
        const items = contracts.flatMap((each) => riskOf(params, tip.height, each) ?? []).sort(compareRisks);
        const open = items.filter((item) => item.open !== null);
        const sum = (amounts: readonly string[]) =>
          amounts.reduce((total, amount) => total + BigInt(amount), 0n).toString();
        return {
          provider: account,
          asOfHeight: tip.height,
          collateral: sum(contracts.map(({ collateral }) => collateral)),
          vesting: sum(contracts.map(({ vesting }) => vesting)),
          openChallenges: open.length,
          atStakeNow: sum(open.map(({ ifMissed }) => ifMissed.total)),
          items,
        };
      }),

    penalties: ({ provider, ...page }) =>
      readAtOneTip(ledger, async () => {
        const account =
          provider === undefined ? undefined : (await ledger.account({ account: provider })).account;
        return new PenaltyReader(ledger, params).page(page, account);
      }),

    minerRewards: ({ miner, ...page }) =>
      readAtOneTip(ledger, async () => {
        const { account } = await ledger.account({ account: miner });
        return readMinerRewards(ledger, account, page);
      }),
  };
  return createLocalPort(PAYOUTS_CONTRACT, handlers);
}

type StatementRequest = z.output<(typeof PAYOUTS_CONTRACT)['methods']['statement']['request']>;

async function readStatement(
  ledger: LedgerPort,
  height: number,
  { provider, contract, epoch, limit, cursor }: StatementRequest,
): Promise<PayoutStatementView> {
  const about = await contractsOf(ledger, provider, contract);
  const lines: PayoutLineView[] = [];
  for (const each of about.contracts) {
    const all = await contractLines(ledger, each);
    // What came in while we read belongs to the next statement.
    lines.push(
      ...all.filter((line) => line.height <= height && (epoch === undefined || line.epoch === epoch)),
    );
  }
  lines.sort((a, b) => a.height - b.height || a.position - b.position);
  const sums: ReasonSums = new Map();
  for (const line of lines) addPosting(sums, line);
  const after = cursor === undefined || lines.length === 0 ? undefined : parsePlace(cursor);
  const rest = after === undefined ? lines : lines.filter((line) => placeAfter(line, after));
  const items = rest.slice(0, limit);
  const last = items.at(-1);
  return {
    provider: about.provider,
    contract: contract ?? null,
    epoch: epoch ?? null,
    asOfHeight: height,
    totals: sumsToTotals(sums),
    items,
    nextCursor: rest.length > limit && last !== undefined ? `${last.height}-${last.position}` : null,
  };
}

async function contractsOf(ledger: LedgerPort, provider: string | undefined, contract: string | undefined) {
  if (contract !== undefined) {
    const view = await ledger.contract({ id: contract });
    if (view === null) throw notFound('contract', contract);
    const { account } =
      provider === undefined ? { account: view.provider } : await ledger.account({ account: provider });
    return { provider: account, contracts: account === view.provider ? [view] : [] };
  }
  if (provider === undefined) {
    throw new AppError({
      code: 'payouts/bad-request',
      message: 'a statement is of a provider or of a contract, and neither was named',
      next: 'give provider, contract or both',
    });
  }
  const { account } = await ledger.account({ account: provider });
  return { provider: account, contracts: await contractsOfProvider(ledger, account) };
}

function notFound(what: string, id: string): AppError {
  return new AppError({
    code: 'payouts/not-found',
    message: `there is no ${what} ${id.slice(0, 100)}`,
    next: 'check the id; what is not confirmed yet may come with the next block',
    data: { id: id.slice(0, 100) },
  });
}
