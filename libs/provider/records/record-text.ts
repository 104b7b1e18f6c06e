/** JSON with bigints as `{"$n": "123"}`: amounts lose digits as JSON numbers. */
export function recordToText(record: object): string {
  return JSON.stringify(record, (_key, value) => (typeof value === 'bigint' ? { $n: String(value) } : value));
}

/** What `recordToText` wrote. */
export function textToRecord<T>(text: string): T {
  return JSON.parse(text, (_key, value) =>
    typeof value === 'object' && value !== null && '$n' in value ? BigInt(value.$n) : value,
  ) as T;
}
