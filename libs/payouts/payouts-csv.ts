import type { PayoutLineView } from '#services';

const COLUMNS = [
  'height',
  'time',
  'contract',
  'provider',
  'epoch',
  'group',
  'reason',
  'amount',
  'from',
  'to',
  'meaning',
] as const;

/** Statement lines as CSV (RFC 4180), amounts in base units. */
export function statementToCsv(lines: readonly PayoutLineView[], withHeader = true): string {
  const rows = lines.map((line) => COLUMNS.map((column) => csvField(line[column])).join(','));
  return [...(withHeader ? [COLUMNS.join(',')] : []), ...rows].map((row) => `${row}\r\n`).join('');
}

/** A field that starts like a formula is quoted with an apostrophe: spreadsheets would run it. */
function csvField(value: string | number | null): string {
  const text = value === null ? '' : String(value);
  const safe = /^[=+\-@\t]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
