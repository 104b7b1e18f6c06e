import type { ContractId, FragmentId } from '#chain';
import { accountPot } from '#chain';
import {
  appendToCommitment,
  commitToLeaves,
  dropLeaves,
  entriesToLeaves,
  frontierOf,
  type Revision,
  revisionSigningMessage,
  voucherSigningMessage,
} from '#contracts';
import type { Wallet } from '../../../chain/testing/wallet.js';
import { ceilDiv, held, listText, liveBytes, type ModelContract, type ModelLeaf } from './book.js';
import { dueOf, startOf } from './clockwork.js';
import { ACTORS, type ModelMarket } from './market.js';

/** Random numbers that decide what an action is about; what they mean depends on the state it meets. */
export interface Draw {
  readonly who: number;
  readonly whom: number;
  readonly size: number;
  /** Decides between the honest form of an action and its wrong forms; above 15 it is honest. */
  readonly twist: number;
  readonly fee: bigint;
}

const MAX_BURN = 1_000_000_000_000n;
const EPOCHS = [1, 2, 3, 4, 6, 15];
const SIZES = [1, 1_024, 3_000, 70_000];

const sizesOf = (draw: Draw): number[] =>
  Array.from(
    { length: 1 + (draw.size % 4) },
    (_, index) => SIZES[(draw.size + index) % SIZES.length] as number,
  );

/** A contract drawn among the newest, mostly those that go on. */
function drawContract(
  market: ModelMarket,
  { whom }: Draw,
  isLikely: (contract: ModelContract) => boolean = () => true,
): ModelContract | undefined {
  const open = market.contracts.filter(({ settledAt }) => settledAt === undefined);
  const likely = open.filter(isLikely);
  const wanted = likely.length > 0 && whom % 5 > 0 ? likely : open;
  const among = whom % 7 === 6 || wanted.length === 0 ? market.contracts : wanted;
  return among[whom % (among.length || 1)];
}

const anyone = (market: ModelMarket, { who }: Draw): Wallet => market.wallets[who % ACTORS.length] as Wallet;
const walletAt = (market: ModelMarket, pot: string): Wallet => market.byPot.get(pot) as Wallet;

function transfer(market: ModelMarket, draw: Draw): void {
  const to = market.wallets[draw.whom % ACTORS.length] as Wallet;
  const amount = BigInt(draw.size) * 1_000_003n;
  const body = { to: to.account, amount, memo: new Uint8Array(0) };
  market.send(
    anyone(market, draw),
    'transfer',
    body,
    { to: accountPot(to.account), amount },
    { fee: draw.fee },
  );
}

function offer(market: ModelMarket, draw: Draw): void {
  const wallet = market.provider(draw.who);
  market.offer(wallet, 500_000n + BigInt(draw.size * 997), {
    ...(draw.twist === 0 ? { capacityBytes: 80_000n } : {}),
    ...(draw.twist === 1 ? { maxEpochs: 3 } : {}),
    ...(draw.twist === 2 ? { expiresAt: market.chain.height + 2 } : {}),
    ...(draw.twist === 3 ? { payout: anyone(market, { ...draw, who: draw.whom }) } : {}),
  });
}

/** What both sides would agree on by the provider's offer. */
function usualTerms(market: ModelMarket, client: Wallet, provider: Wallet, draw: Draw) {
  const current = market.book.offers.get(accountPot(provider.account));
  const hasRepair = draw.size % 3 !== 0;
  return {
    client: accountPot(client.account),
    provider: accountPot(provider.account),
    payout: current?.payout ?? accountPot(provider.account),
    ticketKey: accountPot(client.account),
    offerNumber: current?.number ?? 1n,
    formBy: market.chain.height + 3,
    epochs: EPOCHS[draw.whom % EPOCHS.length] as number,
    base: current?.base ?? 1n,
    price: current?.price ?? 1n,
    readPrice: current?.readPrice ?? 1n,
    freeReads: current?.freeReads ?? 0n,
    readEscrow: BigInt(draw.size % 2) * 5_000n,
    repair: hasRepair
      ? {
          repairer: accountPot(market.walletOf('rob').account),
          maxBase: 1_200_000n,
          maxPrice: 1_000_001_000_000n,
        }
      : undefined,
    reserve: hasRepair ? BigInt(draw.size % 7) * 10_000_000n : 0n,
    maxBurn: MAX_BURN,
    leaves: [] as readonly ModelLeaf[],
  };
}

const falseList = (twist: number) =>
  twist === 4
    ? { list: { totalBytes: 1_234_567n } }
    : twist === 5
      ? { list: { root: new Uint8Array(32) } }
      : {};

/** What attackers and mistakes make of agreements. */
function spoil(market: ModelMarket, draw: Draw) {
  const { twist } = draw;
  return {
    terms: {
      ...(twist === 0 ? { maxBurn: 1n } : {}),
      ...(twist === 1 ? { formBy: market.chain.height } : {}),
      ...(twist === 2 ? { offerNumber: 77n } : {}),
      ...(twist === 3 ? { base: 1n << 62n } : {}),
      ...(twist === 6 ? { repair: undefined, reserve: 5n } : {}),
    },
    changes: {
      ...falseList(twist),
      ...(twist === 7 ? { collateral: -1n } : {}),
      ...(twist === 8 ? { signer: market.walletOf('mal') } : {}),
    },
  };
}

function form(market: ModelMarket, draw: Draw): void {
  const client = market.client(draw.who);
  const provider = draw.twist === 9 ? client : market.provider(draw.whom);
  const leaves = sizesOf(draw).map((lengthBytes) => market.fragment(lengthBytes));
  const { terms, changes } = spoil(market, draw);
  const made = market.deal({ ...usualTerms(market, client, provider, draw), leaves, ...terms }, changes);
  const fragments = leaves.map(({ id, lengthBytes }) => ({ id, lengthBytes }));
  const { agreement, providerSignature, deal, isForged } = made;
  const sender = draw.twist === 10 ? market.walletOf('mal') : client;
  market.send(
    sender,
    'form',
    { agreement, fragments, providerSignature },
    { deal },
    { fee: draw.fee, isForged },
  );
}

function renew(market: ModelMarket, draw: Draw): void {
  const contract = drawContract(market, draw);
  if (contract === undefined) return;
  const client = walletAt(market, contract.client);
  const provider = draw.twist === 11 ? market.provider(draw.size) : walletAt(market, contract.provider);
  const { terms, changes } = spoil(market, draw);
  const usual = usualTerms(market, client, provider, draw);
  const leaves = draw.twist === 12 ? [market.fragment(9)] : contract.leaves;
  const made = market.deal({ ...usual, leaves, ...terms }, changes);
  const { agreement, providerSignature, deal, isForged } = made;
  const body = { contract: contract.id, agreement, providerSignature };
  const sender = draw.twist === 10 ? anyone(market, draw) : client;
  market.send(sender, 'renew', body, { contract: contract.id, deal }, { fee: draw.fee, isForged });
}

function replace(market: ModelMarket, draw: Draw): void {
  const contract = drawContract(market, draw, ({ repair, next, end }) => repair !== undefined && next < end);
  if (contract === undefined) return;
  const { params, chain } = market;
  const client = walletAt(market, contract.client);
  if (contract.lastMissed === undefined && contract.drainedAt === undefined && draw.size % 2 === 0)
    drain(market, { ...draw, twist: 70 }, contract);
  const others = [0, 1, 2].map((index) => market.provider(index + draw.who));
  const holder =
    draw.twist === 11
      ? anyone(market, draw)
      : (others.find(({ account }) => accountPot(account) !== contract.provider) as Wallet);
  const usual = usualTerms(market, client, holder, draw);
  const { epochBlocks, startDelayBlocks } = params.contract;
  const blocks =
    startOf(params, contract) + contract.end * epochBlocks - (chain.height + 1) - startDelayBlocks;
  const rest = Math.min(contract.end - contract.next, Math.floor(blocks / epochBlocks));
  const { terms, changes } = spoil(market, draw);
  const made = market.deal(
    {
      ...usual,
      base: usual.base < 1_200_000n ? usual.base : 1_200_000n,
      price: usual.price < 1_000_001_000_000n ? usual.price : 1_000_001_000_000n,
      payout: draw.twist === 12 ? contract.payout : usual.payout,
      ticketKey: contract.ticketKey,
      repair: contract.repair,
      readPrice: contract.readPrice,
      freeReads: contract.freeReads,
      readEscrow: draw.twist === 13 ? 1n : 0n,
      reserve: 0n,
      maxBurn: draw.twist === 14 ? 1n : 0n,
      epochs: Math.max(1, rest) + (draw.twist === 15 ? 1 : 0),
      leaves: contract.leaves,
      ...terms,
      ...(draw.twist === 0 ? { maxBurn: 0n, readPrice: contract.readPrice + 1n } : {}),
    },
    changes,
  );
  const { agreement, providerSignature, deal, isForged } = made;
  const body = { contract: contract.id, agreement, providerSignature };
  const sender = draw.twist === 10 ? anyone(market, draw) : market.walletOf('rob');
  // Fees up to millions, so that both the reserve and the repairer pay some of them.
  const fee = draw.fee * BigInt(draw.size % 3 === 0 ? 300_000 : 1);
  market.send(sender, 'replace', body, { contract: contract.id, deal }, { fee, isForged });
}

function revise(market: ModelMarket, draw: Draw): void {
  const contract = drawContract(market, draw);
  if (contract === undefined) return;
  const { crypto, params } = market.chain.law;
  const { twist, size } = draw;
  const appended = size % 3 === 0 ? [] : sizesOf(draw).map((lengthBytes) => market.fragment(lengthBytes));
  const epochs = contract.epochs + (size % 2 === 0 ? 0 : 1 + (size % 3)) - (twist === 0 ? 1 : 0);
  const before = market.leavesOf(contract.leaves);
  const commitment = commitToLeaves(crypto, before);
  const entries = appended.map(({ id, lengthBytes }) => ({ id: id as FragmentId, lengthBytes }));
  const added = entriesToLeaves(entries, commitment.totalChunks);
  if (!added.ok) throw new Error(added.violation.rule);
  const frontier = appended.length === 0 ? [] : frontierOf(crypto, before);
  const after =
    appended.length === 0 ? commitment : appendToCommitment(crypto, commitment, frontier, added.value);
  const repeated = { ...contract, epochs, end: contract.end + epochs - contract.epochs };
  const bytes = liveBytes(contract.leaves) + liveBytes(appended);
  const tranche = contract.base + ceilDiv(contract.price * bytes, 1n << 30n);
  // A little more than it needs at most: the model says whether it is enough.
  const due = dueOf({ ...repeated, tranche, begun: undefined }) + tranche;
  const lacking = ceilDiv(due, 2n) - held(market.book, `collateral:${contract.id}`);
  const addCollateral = twist === 1 || lacking < 0n ? 0n : lacking;
  const revision: Revision = {
    contract: contract.id as ContractId,
    number: contract.revision + (twist === 2 ? 0 : 1 + (size % 2)),
    leafCount: after.leafCount,
    totalBytes: after.totalBytes + (twist === 3 ? 1n : 0n),
    totalChunks: after.totalChunks,
    root: twist === 4 ? new Uint8Array(32) : after.root,
    epochs: Math.max(0, epochs),
    addReserve: size % 5 === 0 ? 1_000n : 0n,
    addReadEscrow: size % 5 === 1 ? 2_000n : 0n,
    addCollateral,
    maxBurn: twist === 5 ? 0n : MAX_BURN,
  };
  const message = revisionSigningMessage(crypto, params, revision);
  const client = walletAt(market, contract.client);
  const provider = walletAt(market, contract.provider);
  const signer = twist === 6 ? market.walletOf('mal') : provider;
  const body = {
    revision,
    appended: entries,
    frontier: twist === 7 && frontier.length > 0 ? frontier.slice(1) : frontier,
    clientKey: client.publicKey,
    providerKey: provider.publicKey,
    clientSignature: crypto.sign(client.secretKey, message),
    providerSignature: crypto.sign(signer.secretKey, message),
  };
  const isListFalse = twist === 3 || twist === 4 || (twist === 7 && frontier.length > 0);
  const { number, addReserve, addReadEscrow, maxBurn } = revision;
  const sums = { addReserve, addReadEscrow, addCollateral, maxBurn, against: listText(contract.leaves) };
  const sender = twist === 8 ? anyone(market, draw) : size % 2 === 0 ? client : provider;
  market.send(
    sender,
    'revise',
    body,
    { contract: contract.id, number, appended, epochs: revision.epochs, ...sums, isListFalse },
    { fee: draw.fee, isForged: signer !== provider },
  );
}

function drop(market: ModelMarket, draw: Draw): void {
  const contract = drawContract(market, draw);
  if (contract === undefined) return;
  const live = contract.leaves.flatMap((leaf, index) => (leaf.isDropped ? [] : [index]));
  const wanted = draw.size % 4 === 0 ? live : [live[draw.size % (live.length || 1)] ?? 0];
  const indexes = wanted.filter((index) => live.includes(index));
  const before = market.leavesOf(contract.leaves);
  const { dropped } = dropLeaves(market.chain.law.crypto, before, indexes);
  const isListFalse = draw.twist === 0 && dropped.length > 0;
  const leaves = dropped.map((leaf) => (isListFalse ? { ...leaf, index: leaf.index + 1 } : leaf));
  const sender = draw.twist === 1 ? anyone(market, draw) : walletAt(market, contract.client);
  const meaning = { contract: contract.id, indexes, isListFalse, against: listText(contract.leaves) };
  market.send(sender, 'drop', { contract: contract.id, leaves }, meaning, { fee: draw.fee });
}

function prove(market: ModelMarket, draw: Draw): void {
  const open = market.contracts.filter(({ window }) => window !== undefined);
  const contract = open[draw.whom % (open.length || 1)];
  if (contract === undefined) return;
  const { twist } = draw;
  const wallet = twist === 0 ? anyone(market, draw) : walletAt(market, contract.provider);
  const target = open[draw.size % open.length] as ModelContract;
  const fee = twist === 5 ? draw.fee * 10_000_000n : draw.fee;
  market.prove(contract, wallet, fee, {
    ...(twist === 1 ? { target: target.id } : {}),
    ...(twist === 2 ? { epoch: (contract.window?.epoch ?? 0) + 1 } : {}),
    ...(twist === 3 ? { isEmpty: true } : {}),
  });
}

function end(market: ModelMarket, draw: Draw): void {
  const contract = drawContract(market, draw);
  if (contract === undefined) return;
  const sender = draw.twist < 3 ? anyone(market, draw) : walletAt(market, contract.client);
  market.send(sender, 'end', { contract: contract.id }, { contract: contract.id }, { fee: draw.fee });
}

function skip(market: ModelMarket, draw: Draw): void {
  const contract = drawContract(market, draw);
  if (contract === undefined) return;
  const epoch = contract.next + (draw.twist < 3 ? draw.size : 0);
  const sender = draw.twist === 3 ? anyone(market, draw) : walletAt(market, contract.provider);
  const body = { contract: contract.id, epoch };
  market.send(sender, 'skip', body, body, { fee: draw.fee });
}

function drain(market: ModelMarket, draw: Draw, contract = drawContract(market, draw)): void {
  if (contract === undefined) return;
  const sender = draw.twist < 2 ? anyone(market, draw) : walletAt(market, contract.provider);
  market.send(sender, 'drain', { contract: contract.id }, { contract: contract.id }, { fee: draw.fee });
}

function redeem(market: ModelMarket, draw: Draw): void {
  const contract = drawContract(market, draw, ({ id }) => held(market.book, `reads:${id}`) > 0n);
  if (contract === undefined) return;
  const { crypto, params } = market.chain.law;
  const total = contract.readsPaid + BigInt(draw.size * 211) - (draw.twist === 0 ? 1n : 0n);
  if (total < 0n) return;
  const id = contract.id as ContractId;
  const keyOwner = draw.twist === 1 ? market.walletOf('mal') : walletAt(market, contract.ticketKey);
  const signer = draw.twist === 2 ? market.walletOf('mal') : keyOwner;
  const message = voucherSigningMessage(crypto, params, { contract: id, total });
  const signature = crypto.sign(signer.secretKey, message);
  const sender = draw.twist === 3 ? anyone(market, draw) : walletAt(market, contract.provider);
  market.send(
    sender,
    'redeem',
    { contract: id, total, ticketKey: keyOwner.publicKey, signature },
    { contract: id, total, signer: accountPot(keyOwner.account) },
    { fee: draw.fee, isForged: signer !== keyOwner },
  );
}

/** Sends again what was sent before, byte for byte; it may be off the chain since a reorganisation. */
function replay(market: ModelMarket, draw: Draw): void {
  const { sent } = market;
  const old = sent[sent.length - 1 - (draw.size % (sent.length || 1))];
  if (old !== undefined && !market.queue.includes(old)) market.queue.push(old);
}

/** Everything that anybody may send, by name. */
export const ACTIONS = {
  form,
  revise,
  drop,
  renew,
  prove,
  end,
  skip,
  drain,
  replace,
  redeem,
  transfer,
  offer,
  replay,
} as const;
