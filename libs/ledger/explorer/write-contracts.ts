import { type EntityManager, In } from 'typeorm';
import { type ContractRow, contractEntity, type HolderRow, holderEntity } from './explorer-entities.js';
import type { FragmentChange } from './fragment-changes.js';
import { insertRows } from './insert-rows.js';

/** Ids of one look-up. */
const IDS_PER_QUERY = 500;

/** Writes contracts in the order they were formed, and what became of their lists of fragments. */
export async function writeContracts(
  tx: EntityManager,
  contracts: readonly ContractRow[],
  changes: readonly FragmentChange[],
): Promise<void> {
  const fresh = new Set(contracts.map(({ id }) => id));
  const named = [...contracts.map(({ list }) => list), ...changes.map(({ contract }) => contract)];
  const lists = await listsOf(tx, [...new Set(named.filter((id) => !fresh.has(id)))]);
  const listOf = (id: string): string => lists.get(id) ?? id;
  const resolved = contracts.map((row) => {
    const list = row.list === row.id ? row.id : listOf(row.list);
    lists.set(row.id, list);
    return { ...row, list };
  });
  await insertRows(tx, contractEntity, resolved);
  await insertRows(
    tx,
    holderEntity,
    changes.flatMap((change) => addedRows(listOf(change.contract), change)),
  );
  for (const { contract, dropped, key } of changes)
    for (let at = 0; at < dropped.length; at += IDS_PER_QUERY) {
      const ordinals = In(dropped.slice(at, at + IDS_PER_QUERY));
      await tx.update(holderEntity, { list: listOf(contract), ordinal: ordinals }, { droppedKey: key });
    }
}

async function listsOf(tx: EntityManager, ids: readonly string[]): Promise<Map<string, string>> {
  const lists = new Map<string, string>();
  for (let at = 0; at < ids.length; at += IDS_PER_QUERY) {
    const rows = await tx.findBy(contractEntity, { id: In(ids.slice(at, at + IDS_PER_QUERY)) });
    for (const { id, list } of rows) lists.set(id, list);
  }
  return lists;
}

function addedRows(list: string, { added, firstOrdinal, key }: FragmentChange): HolderRow[] {
  return added.map(({ id, lengthBytes }, index) => ({
    list,
    ordinal: firstOrdinal + index,
    fragment: id,
    lengthBytes,
    addedKey: key,
    droppedKey: null,
  }));
}
