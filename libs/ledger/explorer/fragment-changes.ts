import type { FormBody, FragmentEntry } from '#contracts';
import { assertInvariant } from '#errors';

/** What an event changes in the list of fragments of a contract. */
export interface FragmentChange {
  readonly contract: string;
  /** Of the event. */
  readonly key: number;
  readonly added: readonly FragmentEntry[];
  /** Ordinal of the first one added. */
  readonly firstOrdinal: number;
  /** Ordinals of those dropped. */
  readonly dropped: readonly number[];
}

interface ContractEvent {
  readonly name: string;
  readonly id: string;
  readonly data: Readonly<Record<string, unknown>>;
  readonly key: number;
}

/** A `revise`, as far as the list goes. */
interface Appending {
  readonly revision: { readonly leafCount: number };
  readonly appended: readonly FragmentEntry[];
}

/** A `drop`, as far as the list goes. */
interface Dropping {
  readonly leaves: readonly { readonly index: number }[];
}

/** What an event changes in a list, by the transaction that it names; undefined where the list stays as it is. */
export function fragmentChange(
  { name, id, data, key }: ContractEvent,
  bodies: ReadonlyMap<string, unknown>,
): FragmentChange | undefined {
  const change = { contract: id, key, added: [], firstOrdinal: 0, dropped: [] };
  const body = (): unknown => {
    const found = bodies.get(String(data['transaction']));
    assertInvariant(found !== undefined, `${name} of ${id} names no transaction of its block`);
    return found;
  };
  switch (name) {
    case 'contract/formed':
      // A renewal or a replacement goes on with the list that is there.
      return data['origin'] === undefined ? { ...change, added: (body() as FormBody).fragments } : undefined;
    case 'contract/revised': {
      const { revision, appended } = body() as Appending;
      return { ...change, added: appended, firstOrdinal: revision.leafCount - appended.length };
    }
    case 'contract/dropped':
      return { ...change, dropped: (body() as Dropping).leaves.map(({ index }) => index) };
    default:
      return undefined;
  }
}
