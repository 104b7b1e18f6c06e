import { height, oneOf, struct, type TypeOf, u63, varBytes } from '../../codec/schema.js';
import type { AccountId } from '../../primitives/ids.js';
import { namespace } from '../../state/namespace.js';
import type { TxKind } from '../transaction.js';

/** What an anchor can be the head of. */
export const ANCHOR_SLOTS = ['catalogue', 'stream', 'log'] as const;
export type AnchorSlot = (typeof ANCHOR_SLOTS)[number];

const bodySchema = struct({
  slot: oneOf(ANCHOR_SLOTS),
  /** Rises with every anchor of the slot, so that a rollback is visible. */
  sequence: u63,
  /** Sealed pointer; only the owner can read it. */
  pointer: varBytes(2_048),
});

export type AnchorBody = TypeOf<typeof bodySchema>;

const recordSchema = struct({ sequence: u63, pointer: varBytes(2_048), anchoredAt: height });

export type AnchorRecord = TypeOf<typeof recordSchema>;

/** Anchors by `anchorKey`. */
export const anchorSpace = namespace('anchor', 5, recordSchema);

/** Key of an account's anchor. */
export const anchorKey = (account: AccountId, slot: AnchorSlot): string => `${account}:${slot}`;

/** The signed head of a catalogue, stream or log. */
export const anchor: TxKind<'anchor', AnchorBody> = {
  name: 'anchor',
  code: 3,
  body: bodySchema,
  replay: 'sequence',
  apply(view, body, context) {
    const key = anchorKey(context.account, body.slot);
    const current = view.get(anchorSpace, key);
    const expected = (current?.sequence ?? 0n) + 1n;
    if (body.sequence !== expected) {
      return { rule: 'anchor/sequence', slot: body.slot, sequence: body.sequence, expected };
    }
    view.put(anchorSpace, key, { sequence: body.sequence, pointer: body.pointer, anchoredAt: view.height });
    view.emit({
      type: 'object',
      name: 'anchor/moved',
      subject: context.account,
      data: { slot: body.slot, sequence: body.sequence },
    });
    return undefined;
  },
};
