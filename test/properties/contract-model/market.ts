import {
  accountPot,
  BURN,
  type ContractId,
  type FragmentId,
  type KnownTransaction,
  MAX_U63,
  MINT,
  transactionSignatures,
} from '#chain';
import {
  type Agreement,
  agreementSigningMessage,
  buildStorageProof,
  burnPriceOf,
  challengePlan,
  challengeSlot,
  commitToLeaves,
  contractIdOf,
  contractSpace,
  contractsModule,
  type Leaf,
  type StorageContract,
  TOMBSTONE_ID,
  usageSpace,
  withInvariants,
} from '#contracts';
import { baoSetSlice, blake3Tree, bytesToHex } from '#crypto';
import { violationToText } from '#errors';
import { createMemoryChain, fastDevnet, type MemoryChain } from '../../../chain/testing/memory-chain.js';
import type { Wallet } from '../../../chain/testing/wallet.js';
import { EMPTY_PROOF, scenarioFragment } from '../../../contracts/testing/contract-scenario.js';
import {
  type Book,
  ceilDiv,
  liveBytes,
  type ModelContract,
  type ModelLeaf,
  Refused,
  usedBytes,
} from './book.js';
import { beginBlock, endBlock } from './clockwork.js';
import { compareContracts, comparePots } from './compare.js';
import type { Deal, Intent } from './intent.js';
import { obey } from './rules.js';

/** Three strikes and short waits as on the devnet; burns and lots large enough that every rounding shows. */
const PARAMS = {
  ...fastDevnet,
  mint: {
    ...fastDevnet.mint,
    burnPerGiBEpoch: 1_000_000_000_000n,
    burnPeriodBlocks: 4,
    burnTargetMiBEpochs: 1n,
  },
};

/** A transaction that waits for the next block, and what the model makes of it. */
export interface Queued {
  readonly known: KnownTransaction;
  readonly intent: Intent;
}

/** What happened in all runs together: a model in which nothing happens agrees with anything. */
export type Tally = Record<string, number>;

const CLIENTS = ['ann', 'ben', 'poor cat'] as const;
const PROVIDERS = ['pat', 'quinn', 'rae'] as const;
export const ACTORS = [...CLIENTS, ...PROVIDERS, 'rob', 'mal'] as const;

/** The real law on one side, the model's book on the other, the same transactions for both. */
export class ModelMarket {
  readonly chain: MemoryChain;
  readonly wallets: readonly Wallet[];
  /** Wallets by their pot. */
  readonly byPot: ReadonlyMap<string, Wallet>;
  readonly queue: Queued[] = [];
  readonly sent: Queued[] = [];
  readonly fragments = new Map<string, Uint8Array>();
  private readonly books: Book[] = [];
  private lane = 0;
  private drawn = 0;

  constructor(readonly tally: Tally) {
    this.chain = createMemoryChain(withInvariants([contractsModule]), PARAMS);
    this.wallets = ACTORS.map((label) => this.chain.wallet(label));
    this.byPot = new Map(this.wallets.map((wallet) => [accountPot(wallet.account), wallet]));
    const faucet = accountPot(this.chain.faucet().account);
    this.books.push({
      height: 0,
      pots: new Map([[faucet, PARAMS.genesis.allocations[0]?.amount ?? 0n]]),
      contracts: new Map(),
      offers: new Map(),
      lanes: new Map(),
      miners: new Map(),
      burnPrice: PARAMS.mint.burnPerGiBEpoch,
      demand: [],
    });
    for (const [index, wallet] of this.wallets.entries()) {
      const amount = ACTORS[index] === 'poor cat' ? 300_000_000n : 1_000_000_000_000n;
      const to = accountPot(wallet.account);
      this.send(
        this.chain.faucet(),
        'transfer',
        { to: wallet.account, amount, memo: new Uint8Array(0) },
        { to, amount },
      );
    }
    this.mine();
    for (const name of PROVIDERS) this.offer(this.walletOf(name), 1_000_000n);
    this.mine();
  }

  get params(): typeof PARAMS {
    return PARAMS;
  }

  get book(): Book {
    return this.books.at(-1) as Book;
  }

  /** Contracts in the order they came, the newest first. */
  get contracts(): readonly ModelContract[] {
    return [...this.book.contracts.values()].reverse();
  }

  walletOf(name: string): Wallet {
    return this.wallets[ACTORS.indexOf(name as never)] as Wallet;
  }

  client(index: number): Wallet {
    return this.walletOf(CLIENTS[index % CLIENTS.length] as string);
  }

  provider(index: number): Wallet {
    return this.walletOf(PROVIDERS[index % PROVIDERS.length] as string);
  }

  /** Signs a transaction and lets it wait together with what it means. */
  send(
    wallet: Wallet,
    kind: string,
    body: unknown,
    meaning: Record<string, unknown>,
    options: { readonly fee?: bigint; readonly isForged?: boolean } = {},
  ): void {
    const { fee = 0n, isForged = false } = options;
    const isNumbered = this.chain.law.kindsByName.get(kind)?.replay === 'sequence';
    const lane = isNumbered ? this.lane++ : 0;
    const known = this.chain.sign(wallet, kind, body, { fee, lane, sequence: 0n });
    const common = {
      kind,
      by: accountPot(wallet.account),
      fee,
      isForged,
      lane: isNumbered ? lane : undefined,
    };
    this.queue.push({ known, intent: { ...common, ...meaning } as Intent });
  }

  /** A fragment nobody has seen before. */
  fragment(lengthBytes: number): ModelLeaf {
    this.drawn += 1;
    const bytes = scenarioFragment(this.drawn, lengthBytes);
    const id = bytesToHex(this.chain.law.crypto.blake3(bytes));
    this.fragments.set(id, bytes);
    return { id, lengthBytes, isDropped: false };
  }

  nonce(): Uint8Array {
    this.drawn += 1;
    const nonce = new Uint8Array(16);
    new DataView(nonce.buffer).setUint32(0, this.drawn);
    return nonce;
  }

  offer(
    wallet: Wallet,
    base: bigint,
    changes: Partial<{ capacityBytes: bigint; maxEpochs: number; expiresAt: number; payout: Wallet }> = {},
  ): void {
    const payout = changes.payout ?? wallet;
    const terms = {
      minEpochs: 1,
      maxEpochs: changes.maxEpochs ?? 60,
      expiresAt: changes.expiresAt ?? 1_000_000,
    };
    const reads = { pricePerGiBRead: base * 7n, freeReadBytesPerEpoch: base % 11n };
    const capacityBytes = changes.capacityBytes ?? 1n << 30n;
    const pricePerGiBEpoch = 1_000_000_000_000n + base;
    this.send(
      wallet,
      'offer',
      {
        ...terms,
        ...reads,
        basePerEpoch: base,
        pricePerGiBEpoch,
        collateralBps: 5_000,
        capacityBytes,
        payout: payout.account,
      },
      {
        offer: {
          ...terms,
          base,
          price: pricePerGiBEpoch,
          readPrice: reads.pricePerGiBRead,
          freeReads: reads.freeReadBytesPerEpoch,
          capacity: capacityBytes,
          payout: accountPot(payout.account),
        },
      },
    );
  }

  /** An agreement with its signature and what it means; `changes` are what an attacker or a mistake makes of it. */
  deal(
    terms: Omit<Deal, 'id' | 'slot' | 'collateral' | 'isListFalse'>,
    changes: {
      readonly collateral?: bigint;
      readonly signer?: Wallet;
      readonly list?: Partial<Agreement>;
    } = {},
  ): {
    readonly deal: Deal;
    readonly agreement: Agreement;
    readonly providerSignature: Uint8Array;
    readonly isForged: boolean;
  } {
    const { crypto, params } = this.chain.law;
    const client = this.byPot.get(terms.client) as Wallet;
    const provider = this.byPot.get(terms.provider) as Wallet;
    const escrow =
      (terms.base + ceilDiv(terms.price * liveBytes(terms.leaves), 1n << 30n)) * BigInt(terms.epochs);
    const least = ceilDiv(escrow, 2n) + (changes.collateral ?? 0n);
    const collateral = least < MAX_U63 ? least : MAX_U63;
    const { repair } = terms;
    const agreement: Agreement = {
      clientKey: client.publicKey,
      providerKey: provider.publicKey,
      nonce: this.nonce(),
      ticketKey: (this.byPot.get(terms.ticketKey) as Wallet).publicKey,
      payout: (this.byPot.get(terms.payout) as Wallet).account,
      offerNumber: terms.offerNumber,
      formBy: terms.formBy,
      epochs: terms.epochs,
      basePerEpoch: terms.base,
      pricePerGiBEpoch: terms.price,
      collateral,
      pricePerGiBRead: terms.readPrice,
      freeReadBytesPerEpoch: terms.freeReads,
      readEscrow: terms.readEscrow,
      repair: repair && {
        key: (this.byPot.get(repair.repairer) as Wallet).publicKey,
        maxBasePerEpoch: repair.maxBase,
        maxPricePerGiBEpoch: repair.maxPrice,
      },
      reserve: terms.reserve,
      maxBurn: terms.maxBurn,
      ...commitToLeaves(crypto, this.leavesOf(terms.leaves)),
      ...changes.list,
    };
    const signer = changes.signer ?? provider;
    const id = contractIdOf(crypto, params, agreement);
    return {
      deal: {
        ...terms,
        id,
        slot: challengeSlot(this.chain.law, id),
        collateral,
        isListFalse: changes.list !== undefined,
      },
      agreement,
      providerSignature: crypto.sign(signer.secretKey, agreementSigningMessage(crypto, params, agreement)),
      isForged: signer !== provider,
    };
  }

  /** The law's leaves of a list. */
  leavesOf(leaves: readonly ModelLeaf[]): Leaf[] {
    let endChunk = 0n;
    return leaves.map(({ id, lengthBytes, isDropped }) => {
      endChunk += BigInt(Math.ceil(lengthBytes / 1_024));
      return { id: isDropped ? TOMBSTONE_ID : (id as FragmentId), lengthBytes, endChunk };
    });
  }

  /** The proof of a contract's open window, sent as that of `epoch` of `target`. */
  prove(
    contract: ModelContract,
    wallet: Wallet,
    fee: bigint,
    changes: { target?: string; epoch?: number; isEmpty?: boolean } = {},
  ): void {
    const { window } = contract;
    if (window === undefined) return;
    const { crypto, params } = this.chain.law;
    const { id } = this.chain.at(window.at).block;
    const place = { contract: contract.id as ContractId, epoch: window.epoch, blockId: id };
    const leaves = this.leavesOf(contract.leaves);
    const totalChunks = leaves.at(-1)?.endChunk ?? 0n;
    // The window's own list: the provider keeps it until the window closes, whatever was dropped or appended since.
    const list = this.listAt(contract);
    const plan = challengePlan(crypto, params, {
      ...place,
      totalChunks: list.at(-1)?.endChunk ?? totalChunks,
    });
    const proof =
      changes.isEmpty === true
        ? EMPTY_PROOF
        : buildStorageProof(crypto, list, plan, ({ leaf, chunks }) => {
            const bytes = this.fragments.get(leaf.id) as Uint8Array;
            return baoSetSlice(blake3Tree(bytes), bytes, chunks);
          });
    const { target = contract.id, epoch = window.epoch } = changes;
    const shows =
      changes.isEmpty === true ? 'nothing' : `${contract.id} ${window.epoch} ${id} ${window.list}`;
    this.send(
      wallet,
      'prove',
      { contract: target, epoch, proof },
      { contract: target, epoch, shows, blockIdAt: (height: number) => this.chain.at(height).block.id },
      { fee },
    );
  }

  /** The list of a contract when its window was opened. */
  private listAt(contract: ModelContract): Leaf[] {
    const then = this.books[contract.window?.at ?? 0]?.contracts.get(contract.id);
    return this.leavesOf((then ?? contract).leaves);
  }

  /** Proves what providers can prove now; `isDiligent` says whether the provider of a contract does. */
  proveAll(isDiligent: (contract: ModelContract) => boolean): void {
    for (const contract of this.contracts) {
      const { window } = contract;
      if (window === undefined || window.isProven || !isDiligent(contract)) continue;
      if (this.chain.height + 1 < window.at + this.params.contract.proofDelayBlocks) continue;
      this.prove(contract, this.byPot.get(contract.provider) as Wallet, 10n);
    }
  }

  /** One block of what waits; the law and the model must agree on every transaction and on all that is there then. */
  mine(miner: Wallet = this.chain.miner): void {
    const { chain } = this;
    const waiting = this.queue.splice(0);
    for (const { known, intent } of waiting) {
      const verdicts = chain.law.crypto.verifyBatch(transactionSignatures(chain.law, known));
      if (verdicts.includes(false) !== intent.isForged)
        throw new Error(`${intent.kind}: signatures are ${verdicts.join()}, forged: ${intent.isForged}`);
    }
    const candidates = waiting.filter(({ intent }) => !intent.isForged);
    const template = chain.template(candidates.map(({ known }) => known));
    const taken = new Set(template.transactions.map(({ id }) => id));
    const reasons = new Map(template.refusals.map(({ id, violation }) => [id, violationToText(violation)]));
    const book = structuredClone(this.book);
    beginBlock(book, this.params);
    const seen = new Set<string>();
    for (const { known, intent } of waiting) {
      const why = this.judge(book, intent);
      const isTaken = taken.has(known.id) && !seen.has(known.id);
      seen.add(known.id);
      if ((why === undefined) !== isTaken)
        throw new Error(
          `block ${book.height}, ${intent.kind}: the law ${isTaken ? 'takes it' : `says ${reasons.get(known.id)}`}, the model ${why ?? 'takes it'}`,
        );
      this.count(`${intent.kind} ${isTaken ? 'taken' : 'refused'}`);
      if (!isTaken) this.count(`by ${reasons.get(known.id)?.split(' ')[0] ?? 'tx/signature'}`);
    }
    const block = chain.draft(template.transactions, { coinbase: { miner: miner.account } });
    const added = chain.add(block);
    if (!added.ok) throw new Error(`own block refused: ${violationToText(added.violation)}`);
    endBlock(book, this.params, accountPot(miner.account));
    this.books.push(book);
    this.sent.push(...waiting);
    this.check();
  }

  private judge(book: Book, intent: Intent): string | undefined {
    const before = structuredClone(book);
    try {
      obey(book, this.params, intent);
      return undefined;
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      Object.assign(book, before);
      return error.message;
    }
  }

  count(what: string): void {
    this.tally[what] = (this.tally[what] ?? 0) + 1;
  }

  /** Takes blocks back on both sides. */
  revert(depth: number): void {
    for (let count = 0; count < depth && this.chain.height > 2; count++) {
      this.chain.revertTip();
      this.books.pop();
    }
    this.check();
  }

  /** Coins, states, usage and burn price are the same on both sides. */
  check(): void {
    const { chain, book } = this;
    comparePots(chain, book);
    compareContracts(chain, book);
    for (const wallet of this.wallets) {
      const counted = chain.state.get(usageSpace, wallet.account) ?? 0n;
      const used = usedBytes(book, accountPot(wallet.account));
      if (counted !== used) throw new Error(`${wallet.account} uses ${counted}, the model says ${used}`);
    }
    const price = burnPriceOf(chain.law.params, chain.state);
    if (price !== book.burnPrice) throw new Error(`burn price ${price}, the model says ${book.burnPrice}`);
  }

  /** Every contract's coins, counted from all postings ever: what was locked is paid, returned or burned, once. */
  checkLocked(): void {
    const moved = new Map<string, { in: bigint; out: bigint }>();
    const of = (pot: string): { in: bigint; out: bigint } => {
      const entry = moved.get(pot) ?? { in: 0n, out: 0n };
      moved.set(pot, entry);
      return entry;
    };
    for (let height = 0; height <= this.chain.height; height++)
      for (const event of this.chain.at(height).events) {
        if (event.type !== 'posting') continue;
        if (event.to !== BURN) of(event.to).in += event.amount;
        if (event.from !== MINT) of(event.from).out += event.amount;
      }
    for (const [pot, { in: came, out }] of moved) {
      const [kind, id] = pot.split(':') as [string, ContractId];
      if (!['escrow', 'vesting', 'collateral', 'reserve', 'bounty', 'reads'].includes(kind)) continue;
      const contract = this.chain.state.get(contractSpace, id) as StorageContract;
      if (contract.settledAt !== undefined && came !== out)
        throw new Error(`${pot}: ${came} came, ${out} went, and the contract is ${contract.status}`);
    }
  }

  /** Waits, nobody doing anything, until every contract is over; there is a height by which all are. */
  drainAll(): void {
    const { epochBlocks, windowBlocks, settleDelayBlocks, startDelayBlocks, repairBlocks } =
      this.params.contract;
    const longest = Math.max(0, ...this.contracts.map(({ end }) => end));
    const bound =
      this.chain.height +
      startDelayBlocks +
      (longest + 1) * epochBlocks +
      windowBlocks +
      settleDelayBlocks +
      repairBlocks;
    while (this.contracts.some(({ settledAt }) => settledAt === undefined)) {
      if (this.chain.height >= bound) throw new Error(`a contract is not over at ${bound}`);
      this.mine();
    }
    for (const [pot] of this.book.pots)
      if (!/^(account|reward|pool)/.test(pot)) throw new Error(`${pot} is left over`);
    this.checkLocked();
  }
}
