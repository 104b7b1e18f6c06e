import {
  blockSchema,
  decode,
  decodeHeader,
  encodeBlock,
  encodeHeader,
  type Law,
  type TxId,
  transactionId,
} from '#chain';
import { assertInvariant } from '#errors';
import type { BlockAnnouncement } from '../messages/messages.js';
import {
  decodeShortIds,
  encodeShortIds,
  type ShortId,
  shortIdKey,
  toShortId,
} from '../messages/short-ids.js';

/** The announcement of a stored block. */
export function blockToAnnouncement(law: Law, bytes: Uint8Array, salt: Uint8Array): BlockAnnouncement {
  const block = decode(blockSchema, bytes);
  assertInvariant(block.ok, 'a stored block does not decode');
  const header = encodeHeader(block.value.header);
  const key = shortIdKey(law.crypto, header, salt);
  const ids = block.value.transactions.map((transaction) => toShortId(key, transactionId(law, transaction)));
  return { header, salt, coinbase: block.value.coinbase, shortIds: encodeShortIds(ids) };
}

/** A block being put together: the places still empty, and what fills the others. */
export class PartialBlock {
  private readonly found = new Map<number, Uint8Array>();

  constructor(
    private readonly law: Law,
    private readonly announcement: BlockAnnouncement,
    private readonly shortIds: readonly ShortId[],
  ) {}

  /** Places without a transaction, rising. */
  get missing(): readonly number[] {
    return this.shortIds.map((_, place) => place).filter((place) => !this.found.has(place));
  }

  /** Ids of a pool that fit a place. Two that fit one place fill none: which is right only the block's sender knows. */
  match(ids: Iterable<TxId>): ReadonlyMap<number, TxId> {
    const places = new Map<ShortId, number>();
    const twice = new Set<ShortId>();
    for (const [place, short] of this.shortIds.entries()) {
      if (places.has(short)) twice.add(short);
      places.set(short, place);
    }
    const key = shortIdKey(this.law.crypto, this.announcement.header, this.announcement.salt);
    const matched = new Map<number, TxId>();
    for (const id of ids) {
      const short = toShortId(key, id);
      const place = places.get(short);
      if (place === undefined || twice.has(short)) continue;
      if (matched.has(place)) {
        twice.add(short);
        matched.delete(place);
      } else matched.set(place, id);
    }
    return matched;
  }

  fill(place: number, transaction: Uint8Array): void {
    this.found.set(place, transaction);
  }

  /** The bytes of the block, once no place is empty. */
  toBytes(): Uint8Array {
    const header = decodeHeader(this.announcement.header);
    assertInvariant(header.ok, 'an announced header does not decode');
    const transactions = this.shortIds.map((_, place) => {
      const transaction = this.found.get(place);
      assertInvariant(transaction !== undefined, `place ${place} of a block is empty`);
      return transaction;
    });
    return encodeBlock(header.value, this.announcement.coinbase, transactions);
  }
}

/** A block to put together, or undefined where the short ids are no whole number of them. */
export function openPartialBlock(law: Law, announcement: BlockAnnouncement): PartialBlock | undefined {
  const shortIds = decodeShortIds(announcement.shortIds);
  return shortIds && new PartialBlock(law, announcement, shortIds);
}
