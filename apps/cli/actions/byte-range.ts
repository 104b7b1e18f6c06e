import type { ByteRange } from '#client';
import { AppError } from '#errors';

/**
 * The bytes that `--range` names, as HTTP and curl write them: `FROM-TO` with both ends, `FROM-` up to the end, `-LAST`
 * the last so many. An end beyond the file is the file's.
 * @throws AppError `cli/bad-range`
 */
export function parseByteRange(text: string, sizeBytes: number): ByteRange {
  const [, first = '', last = ''] = /^(\d{0,16})-(\d{0,16})$/.exec(text) ?? [];
  if (first === '' && last === '') throw badRange(text, 'it is no range');
  if (first === '') return { from: Math.max(0, sizeBytes - Number(last)), toExclusive: sizeBytes };
  const from = Number(first);
  const toExclusive = last === '' ? sizeBytes : Math.min(sizeBytes, Number(last) + 1);
  if (last !== '' && Number(last) < from) throw badRange(text, 'its end is before its start');
  if (from >= sizeBytes) throw badRange(text, `the file has ${sizeBytes} bytes`);
  return { from, toExclusive };
}

function badRange(text: string, why: string): AppError {
  return new AppError({
    code: 'cli/bad-range',
    message: `--range ${text.slice(0, 50)} is not possible: ${why}.`,
    next: 'Use FROM-TO with both ends counted from 0, such as 0-499, FROM- for the rest, or -LAST for the last bytes.',
  });
}
