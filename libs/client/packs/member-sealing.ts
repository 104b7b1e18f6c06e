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
  private waiting: Uint8Array[] = [];
  private waitingBytes = 0;

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
    this.waiting.push(piece);
    this.waitingBytes += piece.length;
    const plains: Uint8Array[] = [];
    while (this.record < this.total) {
      const plainBytes = recordPlainLength(this.plainLength, this.record);
      const sealedBytes = plainBytes + recordTagBytes;
      if (this.waitingBytes < sealedBytes) break;
      const whole = this.takeWaiting();
      plains.push(this.openRecord(whole.subarray(0, plainBytes), whole.subarray(plainBytes, sealedBytes)));
      this.waiting = [whole.subarray(sealedBytes)];
      this.waitingBytes = whole.length - sealedBytes;
      this.record += 1;
    }
    // The caller may use the memory of what it gave for something else.
    if (this.waiting.at(-1)?.buffer === piece.buffer)
      this.waiting.push((this.waiting.pop() as Uint8Array).slice());
    return plains;
  }

  /** What waits in one piece: joined when a record is complete, not with every byte that comes. */
  private takeWaiting(): Uint8Array {
    const [only] = this.waiting;
    if (this.waiting.length === 1 && only !== undefined) return only;
    const whole = new Uint8Array(this.waitingBytes);
    let at = 0;
    for (const part of this.waiting) {
      whole.set(part, at);
      at += part.length;
    }
    return whole;
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
