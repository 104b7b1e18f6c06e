import {
  type AccountId,
  ANCHOR_SLOTS,
  type AnchorSlot,
  accountPot,
  anchorKey,
  anchorSpace,
  type ContractId,
  endpointSpace,
  isHexId,
  laneKey,
  laneSpace,
  type Namespace,
  potSpace,
} from '#chain';
import { accepted, type Result, refused } from '#errors';
import { contractSpace } from './lifecycle/contract-object.js';
import { offerSpace } from './offer/offer.js';

/** The objects a client can have proven to it. */
export const STATE_OBJECT_KINDS = ['account', 'lane', 'contract', 'offer', 'endpoint', 'anchor'] as const;
export type StateObjectKind = (typeof STATE_OBJECT_KINDS)[number];

/** Which object is meant. */
export interface StateObjectRef {
  readonly kind: StateObjectKind;
  /** Account id (hex, 20 bytes); contract id (hex, 32 bytes) where the kind is `contract`. */
  readonly id: string;
  /** Only for a lane: its number. */
  readonly lane?: number | undefined;
  /** Only for an anchor: what it is the head of. */
  readonly slot?: string | undefined;
}

/** Where an object is in the state; the same on the node that proves it and on the client that checks the proof. */
export interface StateObjectPlace {
  readonly space: Namespace<unknown>;
  readonly key: string;
}

/** The place of an object, or what is wrong with the reference. An `account` is its spendable balance. */
export function stateObjectPlace(ref: StateObjectRef): Result<StateObjectPlace> {
  const { kind, id } = ref;
  const idBytes = kind === 'contract' ? 32 : 20;
  if (!isHexId(id, idBytes)) return refused({ rule: 'state-object/id', kind, id, expectedBytes: idBytes });
  const account = id as AccountId;
  switch (kind) {
    case 'account':
      return accepted({ space: potSpace, key: accountPot(account) });
    case 'contract':
      return accepted({ space: contractSpace, key: id as ContractId });
    case 'offer':
      return accepted({ space: offerSpace, key: account });
    case 'endpoint':
      return accepted({ space: endpointSpace, key: account });
    case 'lane': {
      const lane = ref.lane ?? 0;
      if (!Number.isInteger(lane) || lane < 0 || lane > 0xffff)
        return refused({ rule: 'state-object/lane', lane, max: 0xffff });
      return accepted({ space: laneSpace, key: laneKey(account, lane) });
    }
    case 'anchor': {
      const slot = ref.slot ?? '';
      if (!isSlot(slot))
        return refused({ rule: 'state-object/slot', slot, expected: ANCHOR_SLOTS.join(', ') });
      return accepted({ space: anchorSpace, key: anchorKey(account, slot) });
    }
  }
}

function isSlot(text: string): text is AnchorSlot {
  return (ANCHOR_SLOTS as readonly string[]).includes(text);
}
