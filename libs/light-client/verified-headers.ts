import {
  type BlockHeader,
  type BlockId,
  type BranchWeight,
  bitsToWork,
  decodeHeader,
  encodeHeader,
  genesisBlock,
  HEADER_BYTES,
  hashToBlockId,
  headerHash,
  type Law,
  MEDIAN_TIME_SPAN,
  medianTime,
  validateClock,
  validateHeader,
} from '#chain';
import { accepted, assertInvariant, type Result, refused } from '#errors';

interface Link {
  readonly id: BlockId;
  readonly timeSeconds: number;
  readonly bytes: Uint8Array;
  /** Accumulated up to this header. */
  readonly totalWork: bigint;
  readonly bits: number;
}

/**
 * Headers from the genesis block on, each checked by every rule a header alone can be checked by: linkage, work, the
 * target that is due, time. What is in here costs the work it claims.
 */
export class VerifiedHeaders {
  private constructor(
    private readonly law: Law,
    private readonly links: Link[],
  ) {}

  /** Only the genesis header, which is part of the network and needs no work. */
  static ofGenesis(law: Law): VerifiedHeaders {
    const { header, id } = genesisBlock(law);
    const totalWork = bitsToWork(header.bits);
    const { time: timeSeconds, bits } = header;
    return new VerifiedHeaders(law, [{ id, timeSeconds, bits, totalWork, bytes: encodeHeader(header) }]);
  }

  get height(): number {
    return this.links.length - 1;
  }

  get tipId(): BlockId {
    return this.link(this.height).id;
  }

  get tipTimeSeconds(): number {
    return this.link(this.height).timeSeconds;
  }

  get weight(): BranchWeight {
    const { totalWork, bits } = this.link(this.height);
    return { totalWork, tipWork: bitsToWork(bits) };
  }

  /** Undefined above the tip. */
  idAt(height: number): BlockId | undefined {
    return this.links[height]?.id;
  }

  header(height: number): BlockHeader {
    const decoded = decodeHeader(this.link(height).bytes);
    assertInvariant(decoded.ok, 'a verified header decodes');
    return decoded.value;
  }

  /** All headers but genesis, one after the other. */
  toBytes(): Uint8Array {
    const bytes = new Uint8Array(this.height * HEADER_BYTES);
    for (let height = 1; height <= this.height; height++)
      bytes.set(this.link(height).bytes, (height - 1) * HEADER_BYTES);
    return bytes;
  }

  /** The same headers up to a height, to be continued on their own. */
  upTo(height: number): VerifiedHeaders {
    return new VerifiedHeaders(this.law, this.links.slice(0, height + 1));
  }

  /** Checks headers one after the other and appends them; the first bad one ends it, those before it stay. */
  append(bytes: Uint8Array, nowSeconds: number): Result<number> {
    if (bytes.length % HEADER_BYTES !== 0)
      return refused({ rule: 'node/headers-length', sizeBytes: bytes.length, headerBytes: HEADER_BYTES });
    for (let at = 0; at < bytes.length; at += HEADER_BYTES) {
      const source = bytes.slice(at, at + HEADER_BYTES);
      const decoded = decodeHeader(source);
      if (!decoded.ok) return decoded;
      const header = decoded.value;
      const violation =
        validateHeader(this.law, header, this.supplement()) ?? validateClock(header, nowSeconds);
      if (violation !== undefined) return refused({ ...violation, height: this.height + 1 });
      const id = hashToBlockId(headerHash(this.law.crypto, header));
      const { time: timeSeconds, bits } = header;
      const totalWork = this.link(this.height).totalWork + bitsToWork(bits);
      this.links.push({ id, timeSeconds, bits, totalWork, bytes: source });
    }
    return accepted(bytes.length / HEADER_BYTES);
  }

  private supplement() {
    const { id, timeSeconds } = this.link(this.height);
    const times = this.links.slice(-MEDIAN_TIME_SPAN).map((link) => link.timeSeconds);
    return { parent: { id, height: this.height, timeSeconds }, medianTimeSeconds: medianTime(times) };
  }

  private link(height: number): Link {
    const link = this.links[height];
    assertInvariant(link !== undefined, `no header at height ${height}`);
    return link;
  }
}
