import type { EntityManager, EntitySchema } from 'typeorm';

/** Rows of one INSERT: SQLite allows 32,766 variables a statement. */
const INSERT_ROWS = 500;

/**
 * Inserts rows of one kind, many with each statement, without the query builder: that took as long for a row as the
 * database itself. Columns and their order come from the entity; what the database generates is left to it.
 */
export async function insertRows<T extends object>(
  tx: EntityManager,
  entity: EntitySchema<T>,
  rows: readonly T[],
): Promise<void> {
  if (rows.length === 0) return;
  const { tablePath, columns } = tx.connection.getMetadata(entity);
  const given = columns.filter(({ isGenerated }) => !isGenerated);
  const names = given.map(({ propertyName }) => propertyName as keyof T);
  const placeOf = tx.connection.options.type === 'postgres' ? (at: number) => `$${at + 1}` : () => '?';
  const into = `INSERT INTO "${tablePath}" (${given.map(({ databaseName }) => `"${databaseName}"`).join()}) VALUES `;
  let statement = '';
  let statementRows = 0;
  for (let from = 0; from < rows.length; from += INSERT_ROWS) {
    const portion = rows.slice(from, from + INSERT_ROWS);
    if (portion.length !== statementRows) {
      statementRows = portion.length;
      statement = into + placesOf(statementRows, names.length, placeOf);
    }
    const values: unknown[] = [];
    for (const row of portion) for (const name of names) values.push(row[name]);
    await tx.query(statement, values);
  }
}

function placesOf(rows: number, columns: number, placeOf: (at: number) => string): string {
  const rowTexts = Array.from(
    { length: rows },
    (_, row) =>
      `(${Array.from({ length: columns }, (__, column) => placeOf(row * columns + column)).join()})`,
  );
  return rowTexts.join();
}
