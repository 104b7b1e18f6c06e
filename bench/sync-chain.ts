import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, rename, stat } from 'node:fs/promises';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import {
  type AccountId,
  applyBlock,
  applyGenesis,
  type BlockHeader,
  bitsToTarget,
  buildTemplate,
  DEVNET_FAUCET_LABEL,
  decodeBlock,
  decodeTransaction,
  devnet,
  encodeBlock,
  encodeCoinbase,
  encodeHeader,
  encodeTransaction,
  genesisBlock,
  hashToNumber,
  headerHash,
  type KnownBlock,
  type KnownTransaction,
  type Law,
  MEDIAN_TIME_SPAN,
  MemoryState,
  medianTime,
  publicKeyToAccountId,
  StateTree,
  type Supplement,
  signTransaction,
  supplementDepth,
  targetToBytes,
  type VerifiedBlock,
} from '#chain';
import { createNetworkLaw } from '#contracts';
import { asciiToBytes } from '#crypto';
import { nativeCrypto } from '#crypto-native';
import { createNonceKernel, type NonceKernel } from '#wasm-kernels';

export interface ChainPlan {
  readonly blocks: number;
  readonly transactionsPerBlock: number;
}

/** Rises when the content of a prepared chain changes for a reason the law does not tell. */
const PLAN_VERSION = 1;
const SENDERS = 500;
const AMOUNT_EACH = 1_000_000_000_000n;
const LENGTH_BYTES = 4;
const SEARCH_AT_ONCE = 1 << 20;

/**
 * File of a devnet chain with real work, one block after the other as u32 length and bytes. Made once and kept in the
 * system's folder for temporary files: the same plan is the same chain.
 */
export async function prepareChain(plan: ChainPlan): Promise<string> {
  const key = createHash('sha256')
    .update(
      JSON.stringify([PLAN_VERSION, plan, devnet], (_, value) =>
        typeof value === 'bigint' ? `${value}` : value,
      ),
    )
    .digest('hex')
    .slice(0, 12);
  const folder = join(tmpdir(), `cairn-bench-sync-${userInfo().username}`);
  const file = join(folder, `${key}.blocks`);
  const isThere = await stat(file).then(
    () => true,
    () => false,
  );
  if (isThere) return file;
  await mkdir(folder, { recursive: true });
  const temporary = `${file}.${process.pid}.tmp`;
  await pipeline(withLengths(new ChainWriter(plan).blocks()), createWriteStream(temporary));
  await rename(temporary, file);
  return file;
}

/** The blocks of a prepared chain, oldest first. */
export async function* readChain(file: string): AsyncGenerator<Uint8Array> {
  let rest: Buffer = Buffer.alloc(0);
  for await (const chunk of createReadStream(file, { highWaterMark: 1 << 20 })) {
    rest = rest.length === 0 ? (chunk as Buffer) : Buffer.concat([rest, chunk as Buffer]);
    while (rest.length >= LENGTH_BYTES) {
      const end = LENGTH_BYTES + rest.readUInt32LE(0);
      if (rest.length < end) break;
      yield new Uint8Array(rest.subarray(LENGTH_BYTES, end));
      rest = rest.subarray(end);
    }
  }
}

async function* withLengths(blocks: Iterable<Uint8Array>): AsyncGenerator<Buffer> {
  for (const block of blocks) {
    const length = Buffer.alloc(LENGTH_BYTES);
    length.writeUInt32LE(block.length, 0);
    yield Buffer.concat([length, block]);
  }
}

interface Signer {
  readonly secretKey: Uint8Array;
  readonly publicKey: Uint8Array;
  readonly account: AccountId;
}

/** Makes blocks as fast as they can be signed: its own signatures need no check. */
class ChainWriter {
  private readonly law: Law = createNetworkLaw(devnet, nativeCrypto);
  private readonly state = new MemoryState();
  private readonly tree: StateTree;
  private readonly tail: KnownBlock[] = [];
  private height = 0;
  private readonly sequences = new Map<AccountId, bigint>();
  private readonly kernel: NonceKernel | undefined = createNonceKernel();

  constructor(private readonly plan: ChainPlan) {
    this.state.apply(applyGenesis(this.law).diff);
    this.tree = StateTree.ofState(this.law, this.state);
    this.tail.push(genesisBlock(this.law));
  }

  *blocks(): Generator<Uint8Array> {
    const { blocks, transactionsPerBlock } = this.plan;
    const faucet = this.signer(DEVNET_FAUCET_LABEL);
    const senders = Array.from({ length: SENDERS }, (_, at) => this.signer(`sender ${at}`));
    const firstBlocks = Math.ceil(SENDERS / transactionsPerBlock);
    let sent = 0;
    for (let block = 0; block < blocks; block++) {
      const transactions = Array.from({ length: transactionsPerBlock }, () => {
        const at = sent++;
        return block < firstBlocks
          ? this.transfer(faucet, (senders[at % SENDERS] as Signer).account, AMOUNT_EACH)
          : this.transfer(
              senders[at % SENDERS] as Signer,
              (senders[(at * 7 + 1) % SENDERS] as Signer).account,
              BigInt(1 + (at % 1000)),
            );
      });
      yield this.addBlock(transactions);
    }
  }

  private signer(label: string): Signer {
    const secretKey = nativeCrypto.sha256(asciiToBytes(label));
    const publicKey = nativeCrypto.publicKey(secretKey);
    return { secretKey, publicKey, account: publicKeyToAccountId(nativeCrypto, devnet, publicKey) };
  }

  private transfer(from: Signer, to: AccountId, amount: bigint): KnownTransaction {
    const sequence = this.sequences.get(from.account) ?? 0n;
    this.sequences.set(from.account, sequence + 1n);
    const unsigned = {
      kind: 'transfer',
      sender: from.publicKey,
      lane: 0,
      sequence,
      fee: 1_000n,
      body: { to, amount, memo: new Uint8Array(0) },
    };
    const known = decodeTransaction(
      this.law,
      encodeTransaction(this.law, signTransaction(this.law, unsigned, from.secretKey)),
    );
    if (!known.ok) throw new Error(known.violation.rule);
    return known.value;
  }

  private addBlock(transactions: readonly KnownTransaction[]): Uint8Array {
    const { law } = this;
    const supplement = this.supplement();
    const template = buildTemplate(law, this.state, supplement, transactions, this.signer('miner').account);
    if (template.transactions.length !== transactions.length) throw new Error('a transfer does not fit');
    const coinbase = encodeCoinbase(template.coinbase);
    const header = this.mine({
      version: template.version,
      previous: template.previous,
      merkleRoot: nativeCrypto.sha256d(coinbase),
      time: template.minTimeSeconds,
      bits: template.bits,
      nonce: 0,
    });
    const bytes = encodeBlock(
      header,
      coinbase,
      template.transactions.map((known) => known.bytes),
    );
    const block = decodeBlock(law, bytes);
    if (!block.ok) throw new Error(block.violation.rule);
    const applied = applyBlock(law, this.state, block.value as VerifiedBlock, supplement);
    if (!applied.ok) throw new Error(applied.violation.rule);
    this.state.apply(applied.value.diff);
    this.tree.apply(applied.value.diff);
    this.height += 1;
    this.tail.push({ ...block.value, transactions: [] });
    if (this.tail.length > supplementDepth(devnet.contract.epochBlocks)) this.tail.shift();
    return bytes;
  }

  private supplement(): Supplement {
    const parent = this.tail.at(-1) as KnownBlock;
    const times = this.tail.slice(-MEDIAN_TIME_SPAN).map(({ header }) => header.time);
    const first = this.height - this.tail.length + 1;
    return {
      parent: { id: parent.id, height: this.height, timeSeconds: parent.header.time },
      medianTimeSeconds: medianTime(times),
      recentIds: new Map(this.tail.map(({ id }, at) => [first + at, id])),
      stateRoot: this.tree.root,
    };
  }

  private mine(header: BlockHeader): BlockHeader {
    const target = bitsToTarget(header.bits);
    if (!target.ok) throw new Error(target.violation.rule);
    const isMet = (candidate: BlockHeader): boolean =>
      hashToNumber(headerHash(nativeCrypto, candidate)) <= target.value;
    const top = new DataView(targetToBytes(target.value).buffer).getUint32(0);
    this.kernel?.prepare([encodeHeader(header)]);
    for (let from = 0; from < 2 ** 32; ) {
      const hits = this.kernel?.search(from, SEARCH_AT_ONCE, top);
      for (const nonce of this.kernel === undefined ? [from] : (hits?.nonces ?? []))
        if (isMet({ ...header, nonce })) return { ...header, nonce };
      from += this.kernel === undefined ? 1 : (hits?.passed ?? SEARCH_AT_ONCE);
    }
    throw new Error('no nonce meets the target');
  }
}
