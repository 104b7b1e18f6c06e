import type { LedgerPort } from '#ledger';
import type { MinerRewardView } from '#services';
import type { Page, PageQuery, PostingView } from '#wire';

/** Rewards that reached a miner's account, each with what it is made of. */
export async function readMinerRewards(
  ledger: LedgerPort,
  account: string,
  page: PageQuery,
): Promise<Page<MinerRewardView>> {
  const { items, nextCursor } = await ledger.accountPostings({ account, ...page });
  const rewards: MinerRewardView[] = [];
  for (const posting of items) {
    const height = rewardHeight(posting);
    if (height === undefined || posting.to !== `account:${account}`) continue;
    const block = await ledger.block({ ref: String(height) });
    if (block === null) continue;
    const { subsidy, fees, poolDraw, proofMint } = block;
    rewards.push({
      height,
      blockId: block.id,
      time: block.time,
      maturedAt: posting.height,
      amount: posting.amount,
      subsidy,
      fees,
      poolDraw,
      proofMint,
      inclusions: proofMint === '0' ? [] : await inclusionsAt(ledger, height),
    });
  }
  return { items: rewards, nextCursor };
}

function rewardHeight({ from }: PostingView): number | undefined {
  const match = /^reward:(\d+)$/.exec(from);
  return match?.[1] === undefined ? undefined : Number(match[1]);
}

/** First proofs of a block: the contracts named by its `prove` transactions, with what each minted to the miner. */
async function inclusionsAt(ledger: LedgerPort, height: number): Promise<MinerRewardView['inclusions']> {
  const contracts = new Set<string>();
  let cursor: string | undefined;
  do {
    const page = await ledger.blockTransactions({ ref: String(height), limit: 200, cursor });
    for (const { kind, body } of page.items) {
      if (kind === 'prove' && typeof body['contract'] === 'string') contracts.add(body['contract']);
    }
    cursor = page.nextCursor ?? undefined;
  } while (cursor !== undefined);
  const inclusions: MinerRewardView['inclusions'] = [];
  for (const contract of contracts) {
    const amount = await inclusionOf(ledger, contract, height);
    if (amount > 0n) inclusions.push({ contract, amount: amount.toString() });
  }
  return inclusions;
}

async function inclusionOf(ledger: LedgerPort, contract: string, height: number): Promise<bigint> {
  let amount = 0n;
  let cursor: string | undefined;
  do {
    const page = await ledger.contractPostings({ id: contract, limit: 200, cursor });
    for (const posting of page.items) {
      if (posting.height === height && posting.reason === 'mint-inclusion') amount += BigInt(posting.amount);
    }
    const isPast = page.items.some((posting) => posting.height > height);
    cursor = isPast ? undefined : (page.nextCursor ?? undefined);
  } while (cursor !== undefined);
  return amount;
}
