import { bytesToHex, hexToBytes } from '#crypto';
import { nativeCrypto } from '#crypto-native';
import { AppError } from '#errors';
import type { ClientContext } from '../context.js';
import type { CatalogueHead } from './seen-head.js';

/** What a node shows as the head of the catalogue. */
export interface ShownHead extends CatalogueHead {
  /** Sealed. */
  readonly pointer: Uint8Array;
}

/** Which head a sealed pointer is. */
export function toHead(sequence: bigint, pointer: Uint8Array): CatalogueHead {
  return { sequence, pointerHash: bytesToHex(nativeCrypto.blake3(pointer)) };
}

/**
 * The head that the node shows, which must not be older than what was seen or proven before. Nobody but the owner of
 * the phrase can seal a pointer, so a node can only hold back a newer one; this finds that out.
 * @throws AppError `catalogue/rolled-back`, `catalogue/fork`
 */
export async function currentHead(
  context: ClientContext,
  proven?: CatalogueHead,
): Promise<ShownHead | undefined> {
  const anchor = await context.ledger.anchor({ account: context.identity.account, slot: 'catalogue' });
  const shown =
    anchor === null
      ? undefined
      : {
          ...toHead(BigInt(anchor.sequence), hexToBytes(anchor.pointer)),
          pointer: hexToBytes(anchor.pointer),
        };
  const seen = await context.catalogue.seen.last();
  if (seen !== undefined) assertNotOlder(context, shown, seen, 'this client has seen');
  if (proven !== undefined) assertNotOlder(context, shown, proven, 'the chain proves');
  return shown;
}

function assertNotOlder(
  { identity }: ClientContext,
  shown: CatalogueHead | undefined,
  known: CatalogueHead,
  who: string,
): void {
  const number = shown?.sequence ?? 0n;
  if (number > known.sequence) return;
  if (number < known.sequence) {
    throw new AppError({
      code: 'catalogue/rolled-back',
      message: `The node shows ${shown === undefined ? 'no list of files' : `list number ${number}`} of ${identity.address}, and ${who} number ${known.sequence}.`,
      next: 'The node may be behind, or its chain lost the block: wait and try again, or ask another with --node-url. If the older list is right, `cairn catalogue --accept` takes it.',
      data: { shown: number.toString(), known: known.sequence.toString() },
    });
  }
  if (shown?.pointerHash === known.pointerHash) return;
  throw new AppError({
    code: 'catalogue/fork',
    message: `The node shows another list number ${number} of ${identity.address} than ${who}: two were published under one number, on two branches of the chain.`,
    next: 'Ask another node with --node-url. If this one is on the right branch, `cairn catalogue --accept` takes its list; files only the other list has must be stored again.',
    data: { sequence: number.toString(), shown: shown?.pointerHash ?? '', known: known.pointerHash },
  });
}
