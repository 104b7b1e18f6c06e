import {
  type AccountId,
  type AppliedBlock,
  applyBlock,
  applyGenesis,
  bitsToTarget,
  blockIdToHash,
  buildTemplate,
  type ContractId,
  decodeBlock,
  decodeTransaction,
  encodeBlock,
  encodeCoinbase,
  encodeTransaction,
  type FragmentId,
  genesisBlock,
  hashToNumber,
  headerHash,
  type KnownBlock,
  type KnownTransaction,
  type Law,
  MemoryState,
  mainnet,
  type NetworkParams,
  openBlockView,
  publicKeyToAccountId,
  StateTree,
  type Supplement,
  signTransaction,
  supplementDepth,
  type VerifiedBlock,
  verifyBlockSignatures,
} from '#chain';
import {
  type Agreement,
  agreementSigningMessage,
  buildStorageProof,
  challengePlan,
  challengeSlot,
  commitToLeaves,
  contractIdOf,
  contractSpace,
  createNetworkLaw,
  entriesToLeaves,
  form,
  NO_READS_NO_REPAIR,
  offer,
  priceContract,
} from '#contracts';
import { asciiToBytes, baoSetSlice, blake3Tree, bytesToHex } from '#crypto';
import { nativeCrypto } from '#crypto-native';

interface Signer {
  readonly secretKey: Uint8Array;
  readonly publicKey: Uint8Array;
  readonly account: AccountId;
}

/** A block ready to be applied, and what the rules need to know of its ancestors. */
export interface NextBlock {
  readonly block: VerifiedBlock;
  readonly supplement: Supplement;
}

/** Milliseconds of the parts of applying a block. */
export interface ApplyTimes {
  readonly lawMs: number;
  readonly stateMs: number;
  readonly treeMs: number;
}

const EASY_BITS = 0x207f_ffff;
const FRAGMENT_BYTES = 64 * 1024;
const EPOCHS = 30;
const OFFER = {
  basePerEpoch: 1_000_000n,
  pricePerGiBEpoch: 1_000_000_000n,
  pricePerGiBRead: 0n,
  freeReadBytesPerEpoch: 0n,
  collateralBps: 5_000,
  minEpochs: 1,
  maxEpochs: 100,
  capacityBytes: 1n << 50n,
  expiresAt: 1_000_000,
} as const;

/** Slots of the contracts that transactions are about: all of them are open at once when the clock starts. */
const LAST_SLOT = 180;
/** Blocks that are made before the challenges: the state is built in the second. */
const PROVIDERS = 100;

/**
 * The main network's rules on an easy target with many active contracts. They are not formed by 100,000 transactions in
 * as many blocks as these would need: the law's own rules of `offer` and `form` are run on one block's view, so that
 * every object, pot and schedule is what the transactions would have made of it at that height. All that follows is
 * blocks.
 */
export class ContractWorld {
  readonly law: Law;
  readonly state = new MemoryState();
  readonly tree: StateTree;
  private readonly blocks: KnownBlock[] = [];
  private readonly lanes = new Map<string, bigint>();
  private readonly rich = this.signer('rich');
  private readonly providers = Array.from({ length: PROVIDERS }, (_, index) =>
    this.signer(`provider ${index}`),
  );
  private readonly fragment = new Uint8Array(FRAGMENT_BYTES).map((_, at) => (at * 31 + (at >> 8)) & 0xff);
  private readonly fragmentTree = blake3Tree(this.fragment, nativeCrypto);
  private readonly leaves = this.oneLeaf();
  private nonces = 0;
  /** Contracts whose first challenge comes before the clock starts, by provider in turn. */
  private readonly early: { readonly id: ContractId; readonly provider: Signer }[] = [];

  constructor(activeCount: number, earlyCount: number) {
    const params: NetworkParams = {
      ...mainnet,
      genesis: {
        ...mainnet.genesis,
        allocations: [this.rich, ...this.providers].map(({ publicKey }) => ({
          publicKey: bytesToHex(publicKey),
          amount: 1n << 52n,
        })),
      },
      proofOfWork: {
        ...mainnet.proofOfWork,
        adjustment: 'constant',
        genesisBits: EASY_BITS,
        limitBits: EASY_BITS,
      },
    };
    this.law = createNetworkLaw(params, nativeCrypto);
    this.state.apply(applyGenesis(this.law).diff);
    this.tree = StateTree.ofState(this.law, this.state);
    this.blocks.push(genesisBlock(this.law));
    this.register(activeCount, earlyCount);
  }

  get height(): number {
    return this.blocks.length - 1;
  }

  get activeCount(): number {
    return this.state.count(contractSpace);
  }

  /** Mines empty blocks until all early contracts can be proven. */
  openEarly(): void {
    const { startDelayBlocks, proofDelayBlocks } = this.law.params.contract;
    const until = this.height + startDelayBlocks + LAST_SLOT + proofDelayBlocks;
    while (this.height < until) this.keep(this.next([]));
  }

  /** One block's transactions, the same in every world: proofs, forms, extensions, skips, drains, ends, transfers. */
  transactions(): KnownTransaction[] {
    const proofs = this.early.splice(0, 40);
    const others = this.early.slice(-40);
    this.early.length -= Math.min(40, this.early.length);
    const made = proofs.map((contract) => this.prove(contract));
    for (let index = 0; index < 20; index++) made.push(this.form());
    for (const [index, { id, provider }] of others.entries()) {
      if (index % 4 === 0) made.push(this.sign(this.rich, 'end', { contract: id }));
      else if (index % 4 === 1) made.push(this.sign(provider, 'drain', { contract: id }));
      else if (index % 4 === 2) made.push(this.sign(provider, 'skip', { contract: id, epoch: 3 }));
      else
        made.push(
          this.sign(this.rich, 'transfer', { to: provider.account, amount: 1n, memo: new Uint8Array(0) }),
        );
    }
    return made;
  }

  /** A block of exactly these transactions on the tip. */
  next(candidates: readonly KnownTransaction[]): NextBlock {
    const supplement = this.supplement();
    const miner = this.rich.account;
    const template = buildTemplate(this.law, this.state, supplement, candidates, miner);
    if (template.transactions.length !== candidates.length)
      throw new Error(`a candidate does not apply: ${template.refusals[0]?.violation.rule}`);
    const coinbase = encodeCoinbase(template.coinbase);
    const target = bitsToTarget(template.bits);
    let header = {
      version: template.version,
      previous: blockIdToHash(supplement.parent.id),
      merkleRoot: nativeCrypto.sha256d(coinbase),
      time: template.minTimeSeconds,
      bits: template.bits,
      nonce: 0,
    };
    while (target.ok && hashToNumber(headerHash(nativeCrypto, header)) > target.value)
      header = { ...header, nonce: header.nonce + 1 };
    const bodies = template.transactions.map(({ bytes }) => bytes);
    const block = decodeBlock(this.law, encodeBlock(header, coinbase, bodies));
    if (!block.ok) throw new Error(block.violation.rule);
    const verified = verifyBlockSignatures(this.law, block.value);
    if (!verified.ok) throw new Error(verified.violation.rule);
    return { block: verified.value, supplement };
  }

  /** What applying a block takes, all of it taken back. */
  timeApply(next: NextBlock): ApplyTimes {
    const startedAt = performance.now();
    const { diff } = this.apply(next);
    const lawAt = performance.now();
    this.state.apply(diff);
    const stateAt = performance.now();
    this.tree.apply(diff);
    const treeAt = performance.now();
    this.tree.revert(diff);
    this.state.revert(diff);
    return { lawMs: lawAt - startedAt, stateMs: stateAt - lawAt, treeMs: treeAt - stateAt };
  }

  /** Applies a block for good. */
  keep(next: NextBlock): void {
    const { diff } = this.apply(next);
    this.state.apply(diff);
    this.tree.apply(diff);
    this.blocks.push(next.block);
  }

  /** Transitions that happen by themselves at the end of the next block. */
  transitionsOf(next: NextBlock): number {
    return this.apply(next).events.filter(({ type }) => type === 'object').length;
  }

  private apply({ block, supplement }: NextBlock): AppliedBlock {
    const applied = applyBlock(this.law, this.state, block, supplement);
    if (!applied.ok) throw new Error(applied.violation.rule);
    return applied.value;
  }

  private supplement(): Supplement {
    const parent = this.blocks.at(-1) as KnownBlock;
    const from = Math.max(0, this.height - supplementDepth(this.law.params.contract.epochBlocks));
    const recent = this.blocks.slice(from).map(({ id }, index) => [from + index, id] as const);
    return {
      parent: { id: parent.id, height: this.height, timeSeconds: parent.header.time },
      medianTimeSeconds: parent.header.time,
      recentIds: new Map(recent),
      stateRoot: this.tree.root,
    };
  }

  /** Offers and contracts by the law's own rules, on the view of one block. */
  private register(activeCount: number, earlyCount: number): void {
    this.keep(this.next([]));
    const view = openBlockView(this.law, this.state, this.supplement());
    for (const provider of this.providers) {
      const body = { ...OFFER, payout: provider.account };
      const context = { id: '' as never, account: provider.account, sender: provider.publicKey, fee: 0n };
      const violation = offer.apply(view, body, context);
      if (violation !== undefined) throw new Error(violation.rule);
    }
    const { account, publicKey } = this.rich;
    for (let index = 0; index < activeCount; index++) {
      const provider = this.providers[index % PROVIDERS] as Signer;
      const agreement = this.agreement(provider, index < earlyCount);
      const body = { agreement, fragments: this.entries(), providerSignature: new Uint8Array(64) };
      const violation = form.apply(view, body, { id: '' as never, account, sender: publicKey, fee: 0n });
      if (violation !== undefined) throw new Error(violation.rule);
      if (index < earlyCount)
        this.early.push({ id: contractIdOf(nativeCrypto, this.law.params, agreement), provider });
    }
    const diff = view.diff();
    this.state.apply(diff);
    this.tree.apply(diff);
    this.keep(this.next([]));
  }

  private oneLeaf() {
    const leaves = entriesToLeaves(this.entries());
    if (!leaves.ok) throw new Error(leaves.violation.rule);
    return leaves.value;
  }

  private entries() {
    return [
      { id: bytesToHex(nativeCrypto.blake3(this.fragment)) as FragmentId, lengthBytes: FRAGMENT_BYTES },
    ];
  }

  /** Terms by the provider's offer; with a nonce that puts the challenge at the epoch's beginning where it is wanted. */
  private agreement(provider: Signer, isEarly: boolean): Agreement {
    const terms = {
      clientKey: this.rich.publicKey,
      providerKey: provider.publicKey,
      nonce: new Uint8Array(16),
      ticketKey: this.rich.publicKey,
      payout: provider.account,
      offerNumber: 1n,
      formBy: this.height + 10,
      epochs: EPOCHS,
      basePerEpoch: OFFER.basePerEpoch,
      pricePerGiBEpoch: OFFER.pricePerGiBEpoch,
      ...NO_READS_NO_REPAIR,
      maxBurn: 1n << 60n,
      ...commitToLeaves(nativeCrypto, this.leaves),
    };
    const agreement = { ...terms, collateral: priceContract(this.law.params, terms).minCollateral };
    for (;;) {
      this.nonces += 1;
      new DataView(agreement.nonce.buffer).setUint32(0, this.nonces);
      const id = contractIdOf(nativeCrypto, this.law.params, agreement);
      if (!isEarly || challengeSlot(this.law, id) <= LAST_SLOT) return agreement;
    }
  }

  private form(): KnownTransaction {
    const provider = this.providers[this.nonces % PROVIDERS] as Signer;
    const agreement = this.agreement(provider, false);
    const message = agreementSigningMessage(nativeCrypto, this.law.params, agreement);
    const providerSignature = nativeCrypto.sign(provider.secretKey, message);
    return this.sign(this.rich, 'form', { agreement, fragments: this.entries(), providerSignature });
  }

  private prove({ id, provider }: { readonly id: ContractId; readonly provider: Signer }): KnownTransaction {
    const window = this.state.get(contractSpace, id)?.window;
    if (window === undefined) throw new Error(`contract ${id} has no open window`);
    const plan = challengePlan(nativeCrypto, this.law.params, {
      contract: id,
      epoch: window.epoch,
      blockId: (this.blocks[window.challengeHeight] as KnownBlock).id,
      totalChunks: window.totalChunks,
    });
    const proof = buildStorageProof(nativeCrypto, this.leaves, plan, ({ chunks }) =>
      baoSetSlice(this.fragmentTree, this.fragment, chunks),
    );
    return this.sign(provider, 'prove', { contract: id, epoch: window.epoch, proof });
  }

  private signer(label: string): Signer {
    const secretKey = nativeCrypto.sha256(asciiToBytes(label));
    const publicKey = nativeCrypto.publicKey(secretKey);
    return { secretKey, publicKey, account: publicKeyToAccountId(nativeCrypto, mainnet, publicKey) };
  }

  private sign(signer: Signer, kind: string, body: unknown): KnownTransaction {
    const isNumbered = this.law.kindsByName.get(kind)?.replay === 'sequence';
    const sequence = isNumbered ? (this.lanes.get(signer.account) ?? 0n) : 0n;
    if (isNumbered) this.lanes.set(signer.account, sequence + 1n);
    const unsigned = { kind, sender: signer.publicKey, lane: 0, sequence, fee: 10n, body };
    const known = decodeTransaction(
      this.law,
      encodeTransaction(this.law, signTransaction(this.law, unsigned, signer.secretKey)),
    );
    if (!known.ok) throw new Error(known.violation.rule);
    return known.value;
  }
}
