import { AppError } from '#errors';
import type { LedgerPort } from '#ledger';
import {
  createLocalPort,
  type HandlersOf,
  PAYOUTS_CONTRACT,
  type PayoutLineView,
  type PayoutsPort,
} from '#services';
import type { ContractView } from '#wire';
import { addPosting, type ReasonSums, sumsToTotals } from './payout-totals.js';
import { contractLines } from './statement-lines.js';
import type { SummaryBook } from './summary-book.js';

export interface PayoutsServiceOptions {
  readonly ledger: LedgerPort;
  readonly book: SummaryBook;
}

/** Statements made of the ledger's postings; no sum in them that is not a sum of postings. */
export function createPayoutsService({ ledger, book }: PayoutsServiceOptions): PayoutsPort {
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

    async statement({ provider, contract, epoch, limit, cursor }) {
      const { tip } = await ledger.status();
      const about = await contractsOf(ledger, provider, contract);
      const lines: PayoutLineView[] = [];
      for (const each of about.contracts) {
        const all = await contractLines(ledger, each);
        lines.push(...(epoch === undefined ? all : all.filter((line) => line.epoch === epoch)));
      }
      lines.sort((a, b) => a.height - b.height || a.position - b.position);
      const sums: ReasonSums = new Map();
      for (const line of lines) addPosting(sums, line);
      const rest = lines.filter((line) => isAfter(line, cursor));
      const items = rest.slice(0, limit);
      const last = items.at(-1);
      return {
        provider: about.provider,
        contract: contract ?? null,
        epoch: epoch ?? null,
        asOfHeight: tip.height,
        totals: sumsToTotals(sums),
        items,
        nextCursor: rest.length > limit && last !== undefined ? `${last.height}-${last.position}` : null,
      };
    },
  };
  return createLocalPort(PAYOUTS_CONTRACT, handlers);
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
  const contracts: ContractView[] = [];
  let cursor: string | undefined;
  do {
    const page = await ledger.contracts({ provider: account, limit: 200, cursor });
    contracts.push(...page.items);
    cursor = page.nextCursor ?? undefined;
  } while (cursor !== undefined);
  return { provider: account, contracts };
}

function isAfter(line: PayoutLineView, cursor: string | undefined): boolean {
  if (cursor === undefined) return true;
  const match = /^(\d{1,15})-(\d{1,15})$/.exec(cursor);
  if (match === null) {
    throw new AppError({
      code: 'payouts/cursor-invalid',
      message: `cursor ${JSON.stringify(cursor.slice(0, 100))} is not one that this list gave out`,
      next: 'leave the cursor out to start at the first page, and pass nextCursor on unchanged',
    });
  }
  const [height, position] = [Number(match[1]), Number(match[2])];
  return line.height > height || (line.height === height && line.position > position);
}

function notFound(what: string, id: string): AppError {
  return new AppError({
    code: 'payouts/not-found',
    message: `there is no ${what} ${id.slice(0, 100)}`,
    next: 'check the id; what is not confirmed yet may come with the next block',
    data: { id: id.slice(0, 100) },
  });
}
