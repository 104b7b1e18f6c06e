import {
  type AccountId,
  applyBlock,
  applyGenesis,
  bitsToTarget,
  blockIdToHash,
  buildTemplate,
  decodeBlock,
  decodeTransaction,
  devnet,
  encodeBlock,
  encodeCoinbase,
  encodeTransaction,
  type FragmentId,
  generalSpaceBytes,
  genesisBlock,
  hashToNumber,
  headerHash,
  type KnownBlock,
  type KnownTransaction,
  type Law,
  MemoryState,
  type NetworkParams,
  publicKeyToAccountId,
  StateTree,
  type Supplement,
  signTransaction,
  verifyBlockSignatures,
} from '#chain';
import {
  agreementSigningMessage,
  buildStorageProof,
  challengePlan,
  commitToLeaves,
  contractIdOf,
  contractSpace,
  createNetworkLaw,
  entriesToLeaves,
  type Leaf,
  NO_READS_NO_REPAIR,
  type OfferBody,
  priceContract,
  windowOpenHeight,
} from '#contracts';
import { asciiToBytes, baoSetSlice, blake3Tree, bytesToHex, type CryptoPort } from '#crypto';

/** A block that waits to be validated on the state after its parent. */
export interface PreparedBlock {
  readonly bytes: Uint8Array;
  readonly supplement: Supplement;
}

/** Blocks to validate one after the other, from `state`. */
export interface PreparedBlocks {
  readonly law: Law;
  readonly state: MemoryState;
  /** Bytes of the blocks that lead to `state`, from height 1 on. */
  readonly prelude: readonly Uint8Array[];
  readonly blocks: readonly PreparedBlock[];
  readonly transactionCount: number;
  readonly proofCount: number;
}

interface Signer {
  readonly secretKey: Uint8Array;
  readonly publicKey: Uint8Array;
  readonly account: AccountId;
}

const amountEach = 10_000_000_000n;
const fragmentBytes = 64 * 1024;
const EPOCH_BLOCKS = 60;
/** As many as the general half of a block has room for. */
const FORMS_PER_BLOCK = 1_800;

/** Blocks full of real transfers and storage proofs, mined on an easy target: the work is not what is measured. */
export class MarketBlocks {
  readonly law: Law;
  readonly state = new MemoryState();
  private readonly stateTree: StateTree;
  private readonly ids = new Map<number, KnownBlock>();
  private height = 0;
  private readonly sequences = new Map<string, bigint>();
  private readonly made: Uint8Array[] = [];

  constructor(private readonly crypto: CryptoPort) {
    const easyBits = 0x207f_ffff;
    const params: NetworkParams = {
      ...devnet,
      genesis: {
        ...devnet.genesis,
        allocations: [{ publicKey: bytesToHex(crypto.publicKey(this.secret('rich'))), amount: 1n << 60n }],
      },
      proofOfWork: { ...devnet.proofOfWork, genesisBits: easyBits, limitBits: easyBits },
      // Windows almost as long as an epoch, and several times as long as the run: most contracts can be proven in it.
      contract: { ...devnet.contract, epochBlocks: EPOCH_BLOCKS, windowBlocks: EPOCH_BLOCKS - 1 },
    };
    this.law = createNetworkLaw(params, crypto);
    this.state.apply(applyGenesis(this.law).diff);
    this.stateTree = StateTree.ofState(this.law, this.state);
    this.ids.set(0, genesisBlock(this.law));
  }

  /**
   * `blocks` blocks of `transfers` transfers each (as many as may stand in a block, by default), and proofs of most of
   * `contracts` contracts, spread evenly.
   */
  prepare(options: { blocks: number; transfers?: number; contracts: number }): PreparedBlocks {
    const senders = Array.from({ length: 512 }, (_, index) => this.signer(`sender ${index}`));
    const provider = this.signer('provider');
    const rich = this.signer('rich');
    this.addBlock(
      [...senders, provider].map((to) =>
        this.transfer(rich, to.account, to === provider ? 1n << 50n : amountEach),
      ),
    );
    const proofs = this.formContracts(rich, provider, options.contracts);
    const state = new MemoryState();
    state.apply(this.copyOfState());
    const prelude = [...this.made];
    const waiting = proofs();
    const proofsOfBlock = Math.ceil(waiting.length / options.blocks);
    const sizeBytes = this.transfer(rich, provider.account, 1n).bytes.length;
    const transferCount = options.transfers ?? Math.floor(generalSpaceBytes(this.law) / sizeBytes);
    let transactionCount = 0;
    let proofCount = 0;
    const blocks: PreparedBlock[] = [];
    for (let index = 0; index < options.blocks; index++) {
      const transfers = Array.from({ length: transferCount }, (_, at) =>
        this.transfer(
          senders[at % senders.length] as Signer,
          (senders[(at * 7 + 1) % senders.length] as Signer).account,
          BigInt(1 + at),
        ),
      );
      const made = waiting.splice(0, proofsOfBlock);
      proofCount += made.length;
      const candidates = [...transfers, ...made];
      transactionCount += candidates.length;
      blocks.push(this.addBlock(candidates));
    }
    return { law: this.law, state, prelude, blocks, transactionCount, proofCount };
  }

  private copyOfState(): { space: never; key: string; before: undefined; after: unknown }[] {
    return [...this.law.namespaces.values()].flatMap((space) =>
      [...this.state.entries(space)].map(([key, after]) => ({
        space: space as never,
        key,
        before: undefined,
        after,
      })),
    );
  }

  /** Forms contracts and mines until all their first windows are open; the result makes their proofs. */
  private formContracts(client: Signer, provider: Signer, count: number): () => KnownTransaction[] {
    const offer: OfferBody = {
      basePerEpoch: 1_000_000n,
      pricePerGiBEpoch: 1_000_000_000n,
      pricePerGiBRead: 0n,
      freeReadBytesPerEpoch: 0n,
      collateralBps: 5_000,
      minEpochs: 1,
      maxEpochs: 100,
      capacityBytes: 1n << 40n,
      payout: provider.account,
      expiresAt: 1_000_000,
    };
    this.addBlock([this.sign(provider, 'offer', offer)]);
    const { params } = this.law;
    const formed: { id: ReturnType<typeof contractIdOf>; leaves: readonly Leaf[]; bytes: Uint8Array }[] = [];
    const forms: KnownTransaction[] = [];
    const fragment = new Uint8Array(fragmentBytes).map((_, at) => (at * 31 + (at >> 8)) & 0xff);
    for (let nonce = 0; nonce < count; nonce++) {
      const bytes = fragment.map((byte) => byte ^ (nonce & 0xff));
      bytes[0] = nonce >> 8;
      const leaves = entriesToLeaves([
        { id: bytesToHex(this.crypto.blake3(bytes)) as FragmentId, lengthBytes: bytes.length },
      ]);
      if (!leaves.ok) throw new Error(leaves.violation.rule);
      const terms = {
        clientKey: client.publicKey,
        providerKey: provider.publicKey,
        nonce: this.crypto.sha256(asciiToBytes(`nonce ${nonce}`)).subarray(0, 16),
        ticketKey: client.publicKey,
        payout: provider.account,
        offerNumber: 1n,
        formBy: this.height + 10,
        epochs: 3,
        basePerEpoch: offer.basePerEpoch,
        pricePerGiBEpoch: offer.pricePerGiBEpoch,
        ...NO_READS_NO_REPAIR,
        maxBurn: 1n << 60n,
        ...commitToLeaves(this.crypto, leaves.value),
      };
      const agreement = { ...terms, collateral: priceContract(params, terms).minCollateral };
      const body = {
        agreement,
        fragments: leaves.value.map(({ id, lengthBytes }) => ({ id, lengthBytes })),
        providerSignature: this.crypto.sign(
          provider.secretKey,
          agreementSigningMessage(this.crypto, params, agreement),
        ),
      };
      formed.push({ id: contractIdOf(this.crypto, params, agreement), leaves: leaves.value, bytes });
      forms.push(this.sign(client, 'form', body));
    }
    for (let at = 0; at < forms.length; at += FORMS_PER_BLOCK)
      this.addBlock(forms.slice(at, at + FORMS_PER_BLOCK));
    const isProvable = (id: (typeof formed)[number]['id']): boolean => {
      const window = this.state.get(contractSpace, id)?.window;
      return window !== undefined && this.height + 1 >= windowOpenHeight(params, window.challengeHeight);
    };
    const challengedAt = (id: (typeof formed)[number]['id']): number =>
      this.state.get(contractSpace, id)?.window?.challengeHeight ?? 0;
    const lastQuiet = this.height + params.contract.startDelayBlocks + params.contract.epochBlocks - 2;
    while (this.height < lastQuiet) this.addBlock([]);
    return () =>
      formed
        .filter(({ id }) => isProvable(id))
        // Those whose windows close first come first.
        .sort((a, b) => challengedAt(a.id) - challengedAt(b.id))
        .map(({ id, leaves, bytes }) => {
          const window = this.state.get(contractSpace, id)?.window;
          if (window === undefined) throw new Error(`contract ${id} has no open window`);
          const plan = challengePlan(this.crypto, params, {
            contract: id,
            epoch: window.epoch,
            blockId: (this.ids.get(window.challengeHeight) as KnownBlock).id,
            totalChunks: window.totalChunks,
          });
          const proof = buildStorageProof(this.crypto, leaves, plan, ({ chunks }) =>
            baoSetSlice(blake3Tree(bytes, this.crypto), bytes, chunks),
          );
          return this.sign(provider, 'prove', { contract: id, epoch: window.epoch, proof });
        });
  }

  private secret(label: string): Uint8Array {
    return this.crypto.sha256(asciiToBytes(label));
  }

  private signer(label: string): Signer {
    const secretKey = this.secret(label);
    const publicKey = this.crypto.publicKey(secretKey);
    return { secretKey, publicKey, account: publicKeyToAccountId(this.crypto, this.law.params, publicKey) };
  }

  private transfer(from: Signer, to: AccountId, amount: bigint): KnownTransaction {
    return this.sign(from, 'transfer', { to, amount, memo: new Uint8Array(0) });
  }

  private sign(signer: Signer, kind: string, body: unknown): KnownTransaction {
    const isNumbered = this.law.kindsByName.get(kind)?.replay === 'sequence';
    const sequence = isNumbered ? (this.sequences.get(signer.account) ?? 0n) : 0n;
    if (isNumbered) this.sequences.set(signer.account, sequence + 1n);
    const unsigned = { kind, sender: signer.publicKey, lane: 0, sequence, fee: 10n, body };
    const signed = signTransaction(this.law, unsigned, signer.secretKey);
    const known = decodeTransaction(this.law, encodeTransaction(this.law, signed));
    if (!known.ok) throw new Error(known.violation.rule);
    return known.value;
  }

  private supplement(): Supplement {
    const parent = this.ids.get(this.height) as KnownBlock;
    return {
      parent: { id: parent.id, height: this.height, timeSeconds: parent.header.time },
      medianTimeSeconds: parent.header.time,
      recentIds: new Map([...this.ids].map(([height, { id }]) => [height, id])),
      stateRoot: this.stateTree.root,
    };
  }

  private addBlock(candidates: readonly KnownTransaction[]): PreparedBlock {
    const supplement = this.supplement();
    const miner = this.signer('miner').account;
    const template = buildTemplate(this.law, this.state, supplement, candidates, miner);
    if (template.transactions.length !== candidates.length)
      throw new Error('a candidate does not fit or apply');
    const coinbase = encodeCoinbase(template.coinbase);
    const target = bitsToTarget(template.bits);
    let header = {
      version: template.version,
      previous: blockIdToHash(supplement.parent.id),
      merkleRoot: this.crypto.sha256d(coinbase),
      time: template.minTimeSeconds,
      bits: template.bits,
      nonce: 0,
    };
    while (target.ok && hashToNumber(headerHash(this.crypto, header)) > target.value)
      header = { ...header, nonce: header.nonce + 1 };
    const bytes = encodeBlock(
      header,
      coinbase,
      template.transactions.map((known) => known.bytes),
    );
    const block = decodeBlock(this.law, bytes);
    if (!block.ok) throw new Error(block.violation.rule);
    const verified = verifyBlockSignatures(this.law, block.value);
    if (!verified.ok) throw new Error(verified.violation.rule);
    const applied = applyBlock(this.law, this.state, verified.value, supplement);
    if (!applied.ok) throw new Error(applied.violation.rule);
    this.state.apply(applied.value.diff);
    this.stateTree.apply(applied.value.diff);
    this.height += 1;
    this.ids.set(this.height, block.value);
    this.made.push(bytes);
    return { bytes, supplement };
  }
}
