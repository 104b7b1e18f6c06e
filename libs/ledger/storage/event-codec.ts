import type { LawEvent, ObjectEvent } from '#chain';

/** Bytes of one event: type, four places in the table of texts, amount. */
const EVENT_BYTES = 1 + 4 * 4 + 8;
const TYPES = { posting: 0, object: 1 } as const;

/**
 * Stored form of a block's events: u32 length and JSON array of every text in it once, then per event u8 type, four u32
 * places in that table and a u64 amount. A full block has tens of thousands; as JSON they took as long as the rules.
 */
export function encodeEvents(events: readonly LawEvent[]): Uint8Array {
  const texts = new Map<string, number>();
  const placeOf = (text: string): number => {
    const known = texts.get(text);
    if (known !== undefined) return known;
    const place = texts.size;
    texts.set(text, place);
    return place;
  };
  const fixed = new DataView(new ArrayBuffer(events.length * EVENT_BYTES));
  let at = 0;
  for (const event of events) {
    const isPosting = event.type === 'posting';
    fixed.setUint8(at, TYPES[event.type]);
    fixed.setUint32(at + 1, placeOf(isPosting ? event.from : event.name), true);
    fixed.setUint32(at + 5, placeOf(event.subject), true);
    fixed.setUint32(at + 9, placeOf(isPosting ? event.to : dataToText(event.data)), true);
    if (isPosting) {
      fixed.setUint32(at + 13, placeOf(event.reason), true);
      fixed.setBigUint64(at + 17, event.amount, true);
    }
    at += EVENT_BYTES;
  }
  const table = new TextEncoder().encode(JSON.stringify([...texts.keys()]));
  const encoded = new Uint8Array(4 + table.length + fixed.byteLength);
  new DataView(encoded.buffer).setUint32(0, table.length, true);
  encoded.set(table, 4);
  encoded.set(new Uint8Array(fixed.buffer), 4 + table.length);
  return encoded;
}

/** Events of their stored form, or undefined where it is none. */
export function decodeEvents(source: Uint8Array): readonly LawEvent[] | undefined {
  try {
    const view = new DataView(source.buffer, source.byteOffset, source.byteLength);
    const start = 4 + view.getUint32(0, true);
    const texts = JSON.parse(
      new TextDecoder('utf-8', { fatal: true }).decode(source.subarray(4, start)),
    ) as unknown;
    if (!Array.isArray(texts) || start > source.length || (source.length - start) % EVENT_BYTES !== 0) {
      return undefined;
    }
    const textAt = (at: number): string => {
      const text: unknown = texts[view.getUint32(at, true)];
      if (typeof text !== 'string') throw new RangeError('an event names a text that is not in the table');
      return text;
    };
    const events: LawEvent[] = [];
    for (let at = start; at < source.length; at += EVENT_BYTES) {
      const subject = textAt(at + 5);
      events.push(
        view.getUint8(at) === TYPES.posting
          ? {
              type: 'posting',
              from: textAt(at + 1),
              to: textAt(at + 9),
              amount: view.getBigUint64(at + 17, true),
              reason: textAt(at + 13),
              subject,
            }
          : { type: 'object', name: textAt(at + 1), subject, data: textToData(textAt(at + 9)) },
      );
    }
    return events;
  } catch {
    return undefined;
  }
}

/** JSON in which a bigint is written as {"u63": "…"}. */
function dataToText(data: ObjectEvent['data']): string {
  return JSON.stringify(data, (_, value: unknown) =>
    typeof value === 'bigint' ? { u63: value.toString() } : value,
  );
}

function textToData(text: string): ObjectEvent['data'] {
  return JSON.parse(text, (_, value: unknown) => {
    if (typeof value !== 'object' || value === null || !('u63' in value)) return value;
    return BigInt(String(value.u63));
  }) as ObjectEvent['data'];
}
