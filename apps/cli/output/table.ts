/** Rows as aligned columns; columns named in `right` are aligned to the right. */
export function formatTable(
  header: readonly string[],
  rows: readonly (readonly string[])[],
  right: readonly string[] = [],
): string {
  const all = [header, ...rows];
  const widths = header.map((_, column) => Math.max(...all.map((row) => widthOf(row[column] ?? ''))));
  return all
    .map((row) =>
      header
        .map((name, column) => {
          const cell = row[column] ?? '';
          const gap = ' '.repeat((widths[column] ?? 0) - widthOf(cell));
          return right.includes(name) ? gap + cell : cell + gap;
        })
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/** Names and values below each other. */
export function formatFields(fields: readonly (readonly [string, string])[]): string {
  const width = Math.max(...fields.map(([name]) => widthOf(name)));
  return fields.map(([name, value]) => `${name}${' '.repeat(width - widthOf(name))}  ${value}`).join('\n');
}

/** An id short enough for a column, long enough to be found again. */
export function shortId(id: string): string {
  return id.length <= 16 ? id : `${id.slice(0, 12)}…`;
}

/** Combining marks take no column; wide characters take two. Close enough for names of files. */
function widthOf(text: string): number {
  let width = 0;
  for (const character of text) {
    if (/\p{Mark}|\u200d/u.test(character)) continue;
    width +=
      /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe4f\uff00-\uff60]|\p{Emoji_Presentation}/u.test(
        character,
      )
        ? 2
        : 1;
  }
  return width;
}
