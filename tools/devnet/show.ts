const COIN_DIGITS = 9;

/** Base units as coins with up to 9 decimals, grouped: `1 234.5`. */
export function coins(amount: string | bigint): string {
  const value = BigInt(amount);
  const sign = value < 0n ? '-' : '';
  const text = (value < 0n ? -value : value).toString().padStart(COIN_DIGITS + 1, '0');
  const whole = text.slice(0, -COIN_DIGITS).replace(/\B(?=(\d{3})+$)/g, ' ');
  const fraction = text.slice(-COIN_DIGITS).replace(/0+$/, '');
  return `${sign}${whole}${fraction === '' ? '' : `.${fraction}`}`;
}

/** Bytes for people. */
export function bytes(count: number | bigint): string {
  const value = Number(count);
  if (value < 1024) return `${value} B`;
  const units = ['KiB', 'MiB', 'GiB', 'TiB'];
  const power = Math.min(units.length, Math.floor(Math.log2(value) / 10));
  return `${(value / 1024 ** power).toFixed(1)} ${units[power - 1]}`;
}

/** A heading of one step of the job. */
export function step(text: string): void {
  console.log(`\n\u25b8 ${text}`);
}

/** One line of a step. */
export function line(text: string): void {
  console.log(`  ${text}`);
}

/** Rows under a heading row, columns padded to the widest cell; numbers to the right. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): void {
  const widths = head.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => (row[column] ?? '').length)),
  );
  const isNumeric = head.map((_, column) => rows.every((row) => /^[-+]?[\d .]+$/.test(row[column] ?? '')));
  const format = (row: readonly string[]): string =>
    row
      .map((cell, column) => {
        const width = widths[column] as number;
        return isNumeric[column] === true ? cell.padStart(width) : cell.padEnd(width);
      })
      .join('  ')
      .trimEnd();
  line(format(head));
  line(widths.map((width) => '\u2500'.repeat(width)).join('  '));
  for (const row of rows) line(format(row));
}

/** A shortened id or address. */
export function short(id: string): string {
  return id.length <= 16 ? id : `${id.slice(0, 10)}…${id.slice(-4)}`;
}
