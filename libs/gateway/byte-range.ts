/** Part of a file. */
export interface ByteRange {
  readonly from: number;
  readonly toExclusive: number;
}

/**
 * What a Range header asks of a file (RFC 9110, 14.2): one range, `undefined` for the whole file, `unsatisfiable` when
 * no byte of it is there. Several ranges and other units may be ignored, and are.
 */
export function parseRange(
  header: string | undefined,
  sizeBytes: number,
): ByteRange | 'unsatisfiable' | undefined {
  const match = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(header?.trim() ?? '');
  if (match === null) return undefined;
  const [, first = '', last = ''] = match;
  if (first === '' && last === '') return undefined;
  if (first === '') {
    const suffix = Math.min(Number(last), sizeBytes);
    return suffix === 0 ? 'unsatisfiable' : { from: sizeBytes - suffix, toExclusive: sizeBytes };
  }
  const from = Number(first);
  if (last !== '' && Number(last) < from) return undefined;
  if (from >= sizeBytes) return 'unsatisfiable';
  return { from, toExclusive: last === '' ? sizeBytes : Math.min(Number(last) + 1, sizeBytes) };
}
