import { bytesToHex } from '#crypto';

/** A transaction's body as JSON: byte strings in hex, amounts as decimal strings, absent values as null. */
export function bodyToView(body: unknown): Record<string, unknown> {
  return toJson(body) as Record<string, unknown>;
}

function toJson(value: unknown): unknown {
  if (value === undefined) return null;
  if (typeof value === 'bigint') return value.toString();
  if (value instanceof Uint8Array) return bytesToHex(value);
  if (Array.isArray(value)) return value.map(toJson);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, field]) => [name, toJson(field)]));
}
