/** The replacer of all our JSON: bigints as decimal strings, bytes as lower-case hex. */
export function toJsonValue(_key: string, value: unknown): unknown {
  if (typeof value === 'bigint') return value.toString();
  if (value instanceof Uint8Array)
    return Array.from(value, (byte) => byte.toString(16).padStart(2, '0')).join('');
  return value;
}

/** A value as JSON text, bigints and bytes included. */
export function jsonText(value: unknown): string {
  return JSON.stringify(value, toJsonValue);
}
