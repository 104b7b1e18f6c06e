import { type NetworkParams, parseAccount } from '#chain';
import { createIdentity, requestCoins, Wallet } from '#client';
import { createNetworkLaw } from '#contracts';
import { nativeCrypto } from '#crypto-native';
import { AppError, violationToText } from '#errors';
import type { LedgerPort } from '#ledger';
import { boundFeePerByte } from '#market';
import type { PostingView } from '#wire';
import type { CommandAction } from '../command.js';
import type { CliContext } from '../context.js';
import { formatCoins, parseCoins } from '../output/amounts.js';
import { formatFields, formatTable, shortId } from '../output/table.js';
import { openKeys, withNode } from '../session.js';
import { confirmLoss } from './confirm-loss.js';
import { readLimit } from './limits.js';

const FAUCET_COINS = '1000';

export const address: CommandAction = async (_input, context) => {
  const { address: own, account } = await identityOf(context);
  context.output.printJson({ address: own, account, network: context.params.name });
  context.output.print(own);
  return undefined;
};

export const balance: CommandAction = async (_input, context) => {
  const identity = await identityOf(context);
  return withNode(context, async (node) => {
    const view = await node.account({ account: identity.account });
    context.output.printJson(view);
    context.output.print(
      formatFields([
        ['address', view.address],
        ['spendable', formatCoins(view.balance)],
        ['after pending', formatCoins(view.pendingBalance)],
        ['in escrow', formatCoins(view.escrow)],
        ['collateral', formatCoins(view.collateral)],
        ['vesting', formatCoins(view.vesting)],
        ['mined, not mature', formatCoins(view.immature)],
      ]),
    );
    return undefined;
  });
};

export const send: CommandAction = async ({ args, options }, context) => {
  const { output, params, signal } = context;
  const [to = '', coins = ''] = args;
  const amount = parseCoins(coins);
  const recipient = parseAccount(params, to);
  if (!recipient.ok) throw badAddress(to, params, violationToText(recipient.violation));
  const identity = await identityOf(context);
  const memo = new TextEncoder().encode(typeof options['memo'] === 'string' ? options['memo'] : '');
  if (options['dryRun'] === true) {
    output.printJson({ dryRun: true, to, amount });
    output.print(`would send ${formatCoins(amount)} to ${to}`);
    return undefined;
  }
  if (context.canAsk)
    await confirmLoss(context, [`${formatCoins(amount)} go to ${to}. This cannot be undone.`], 'Send?');
  return withNode(context, async (ledger) => {
    const wallet = new Wallet({ ledger, law: lawOf(params), key: identity.wallet });
    const held = await wallet.balance();
    if (held < amount) throw tooLittle(amount, held, identity.address);
    const feePerByte = await readFee(options['fee'], ledger);
    const submitted = await wallet.submit('transfer', { to: recipient.value, amount, memo }, { feePerByte });
    output.note(`Transaction ${submitted.id} is on its way.`);
    const view = await wallet.confirm(submitted, { signal });
    output.printJson({ dryRun: false, to, amount, fee: view.fee, transaction: view.id, height: view.height });
    output.print(`sent ${formatCoins(amount)} to ${to} in block ${view.height}`);
    return undefined;
  });
};

/** What `--fee` means in base units per byte; undefined where the wallet should ask the node by itself. */
export async function readFee(
  text: string | boolean | undefined,
  ledger: Pick<LedgerPort, 'feeEstimate'>,
): Promise<bigint | undefined> {
  if (text === undefined) return undefined;
  if (text === 'next' || text === 'soon' || text === 'economy')
    return boundFeePerByte(BigInt((await ledger.feeEstimate())[text].feePerByte));
  if (typeof text === 'string' && /^[1-9]\d{0,8}$/.test(text)) return BigInt(text);
  throw new AppError({
    code: 'cli/bad-fee',
    message: `--fee ${String(text)} is not possible.`,
    next: 'Use next, soon or economy, or a whole number of base units per byte; `cairn node status` shows what they are now.',
  });
}

export const faucet: CommandAction = async ({ args }, context) => {
  const { output, params, signal } = context;
  const amount = parseCoins(args[0] ?? FAUCET_COINS);
  const identity = await identityOf(context);
  return withNode(context, async (ledger) => {
    const law = lawOf(params);
    const submitted = await requestCoins(ledger, law, identity.account, amount);
    const wallet = new Wallet({ ledger, law, key: identity.wallet });
    const view = await wallet.confirm(submitted, { signal });
    output.printJson({ address: identity.address, amount, transaction: view.id, height: view.height });
    output.print(`received ${formatCoins(amount)} in block ${view.height}`);
    return undefined;
  });
};

export const history: CommandAction = async ({ options }, context) => {
  const limit = readLimit(options['limit']);
  const identity = await identityOf(context);
  return withNode(context, async (node) => {
    const items: PostingView[] = [];
    let cursor: string | undefined;
    do {
      const page = await node.accountPostings({
        account: identity.account,
        cursor,
        limit: Math.min(200, limit - items.length),
      });
      items.push(...page.items);
      cursor = page.nextCursor ?? undefined;
    } while (cursor !== undefined && items.length < limit);
    const own = `account:${identity.account}`;
    const entries = items.map((item) => ({
      ...item,
      signed: item.to === own ? item.amount : `-${item.amount}`,
    }));
    context.output.printJson({ address: identity.address, postings: entries });
    if (entries.length === 0) context.output.note('Nothing went in or out yet.');
    else
      context.output.print(
        formatTable(
          ['HEIGHT', 'TIME', 'AMOUNT', 'REASON', 'ABOUT'],
          entries.map(({ height, time, signed, reason, subject }) => [
            String(height),
            time.slice(0, 19).replace('T', ' '),
            formatCoins(signed),
            reason,
            shortId(subject),
          ]),
          ['HEIGHT', 'AMOUNT'],
        ),
      );
    return undefined;
  });
};

async function identityOf(context: CliContext) {
  const { phrase } = await openKeys(context);
  return createIdentity(nativeCrypto, context.params, phrase);
}

function lawOf(params: NetworkParams) {
  return createNetworkLaw(params, nativeCrypto);
}

function badAddress(text: string, params: NetworkParams, why: string): AppError {
  return new AppError({
    code: 'cli/bad-address',
    message: `'${text}' is no address of ${params.name}: ${why}.`,
    next: `Addresses start with ${params.addressPrefix}1; check it against where it came from.`,
  });
}

function tooLittle(amount: bigint, held: bigint, own: string): AppError {
  return new AppError({
    code: 'wallet/too-little',
    message: `${formatCoins(amount)} are to be sent and ${own} holds ${formatCoins(held)}.`,
    next: 'Send less, or wait for coins; `cairn wallet` shows what is locked.',
  });
}
