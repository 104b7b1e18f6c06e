import type { LawEvent } from '#chain';

/** Stored form of a block's events: JSON in which a bigint is written as {"u63": "…"}. */
export function encodeEvents(events: readonly LawEvent[]): Uint8Array {
  return new TextEncoder().encode(
    JSON.stringify(events, (_, value: unknown) =>
      typeof value === 'bigint' ? { u63: value.toString() } : value,
    ),
  );
}

/** Events of their stored form, or undefined where it is none. */
export function decodeEvents(source: Uint8Array): readonly LawEvent[] | undefined {
  try {
    return JSON.parse(new TextDecoder().decode(source), (_, value: unknown) => {
      if (typeof value !== 'object' || value === null || !('u63' in value)) return value;
      return BigInt(String(value.u63));
    }) as LawEvent[];
  } catch {
    return undefined;
  }
}
