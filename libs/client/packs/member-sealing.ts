import { createCipheriv, createDecipheriv, createSecretKey, randomBytes } from 'node:crypto';
import { AppError } from '#errors';
import {
  deriveMemberKeys,
  type MemberKeys,
  recordCount,
  recordNonce,
  recordPlainBytes,
  recordPlainLength,
  recordSealedBytes,
  recordTagBytes,
  sealedLength,
} from '#fragments';

const cipherName = 'chacha20-poly1305';
const cipherOptions = { authTagLength: recordTagBytes };

/** A small file as it lies in a pack. */
export interface SealedMember {
  /** 32 random bytes, drawn here: no key meets two plaintexts. */
  readonly contentKey: Uint8Array;
  readonly sealed: Uint8Array;
}

/** Seals a small file under a new key: records of 64 KiB, STREAM (docs/protocol/data-layout.md, section 8). */
export function sealMember(plain: Uint8Array): SealedMember {
  const contentKey = new Uint8Array(randomBytes(32));
  return { contentKey, sealed: sealMemberUnder(plain, contentKey) };
}

/** The stream of a member under a key. Only for `sealMember` and tests: a key must never be used twice. */
export function sealMemberUnder(plain: Uint8Array, contentKey: Uint8Array): Uint8Array {
  const { memberKey, noncePrefix } = deriveMemberKeys(contentKey);
  const key = createSecretKey(memberKey);
  const total = recordCount(plain.length);
  const sealed = new Uint8Array(sealedLength(plain.length));
  for (let index = 0; index < total; index++) {
    const from = index * recordPlainBytes;
    const cipher = createCipheriv(
      cipherName,
      key,
      recordNonce(noncePrefix, index, index === total - 1),
      cipherOptions,
    );
    const at = index * recordSealedBytes;
    sealed.set(cipher.update(plain.subarray(from, from + recordPlainBytes)), at);
    cipher.final();
    sealed.set(cipher.getAuthTag(), at + recordPlainLength(plain.length, index));
  }
  return sealed;
}

/** Opens the records of one member as their bytes come, in any pieces. */
export class MemberOpener {
  private readonly keys: MemberKeys;
  private readonly total: number;
  private waiting: Uint8Array = new Uint8Array(0);

  /** Starts at a record; `name` is for the error. */
  constructor(
    contentKey: Uint8Array,
    private readonly plainLength: number,
    private record: number,
    private readonly name: string,
  ) {
    this.keys = deriveMemberKeys(contentKey);
    this.total = recordCount(plainLength);
  }

  /**
   * The plaintext of every record that is complete now.
   * @throws AppError `fetch/member-damaged`
   */
  open(piece: Uint8Array): Uint8Array[] {
    let rest = this.waiting.length === 0 ? piece : joined(this.waiting, piece);
    const plains: Uint8Array[] = [];
    while (this.record < this.total) {
      const plainBytes = recordPlainLength(this.plainLength, this.record);
      const sealedBytes = plainBytes + recordTagBytes;
      if (rest.length < sealedBytes) break;
      plains.push(this.openRecord(rest.subarray(0, plainBytes), rest.subarray(plainBytes, sealedBytes)));
      rest = rest.subarray(sealedBytes);
      this.record += 1;
    }
    this.waiting = rest.slice();
    return plains;
  }

  private openRecord(sealed: Uint8Array, tag: Uint8Array): Uint8Array {
    const nonce = recordNonce(this.keys.noncePrefix, this.record, this.record === this.total - 1);
    const decipher = createDecipheriv(cipherName, this.keys.memberKey, nonce, cipherOptions);
    decipher.setAuthTag(tag);
    const plain = decipher.update(sealed);
    try {
      decipher.final();
    } catch (cause) {
      throw new AppError({
        code: 'fetch/member-damaged',
        message: `Record ${this.record} of '${this.name}' does not verify, although the pack it lies in does.`,
        next: 'The list of files does not belong to this pack: fetch the list anew, and report it if that does not help.',
        data: { name: this.name, record: this.record },
        cause,
      });
    }
    return new Uint8Array(plain.buffer, plain.byteOffset, plain.byteLength);
  }
}

function joined(first: Uint8Array, second: Uint8Array): Uint8Array {
  const whole = new Uint8Array(first.length + second.length);
  whole.set(first);
  whole.set(second, first.length);
  return whole;
}
