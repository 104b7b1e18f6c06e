import { And, In, LessThan, MoreThanOrEqual, type ObjectLiteral, type SelectQueryBuilder } from 'typeorm';
import type { OpenDatabase } from '../storage/data-sources.js';
import { storeFailure } from '../storage/store-error.js';
import { heightKey } from './block-to-rows.js';
import {
  type ContractRow,
  contractEntity,
  type HolderRow,
  holderEntity,
  type ObjectEventRow,
  objectEventEntity,
  type PostingRow,
  postingEntity,
  type TransactionRow,
  transactionEntity,
} from './explorer-entities.js';

/** Part of a list: rows after (below, when newest first) a key, one more than the page shows. */
export interface Slice {
  readonly after: number | undefined;
  readonly limit: number;
}

/** A fragment in a contract. */
export interface HeldFragment {
  readonly contract: string;
  readonly lengthBytes: number;
}

/** Contracts of one fragment that an answer names. */
const MAX_HOLDERS = 500;

/** Reads of the explorer's index; each answers at most `limit + 1` rows, so that the caller sees whether more follow. */
export class ExplorerQueries {
  constructor(private readonly database: OpenDatabase) {}

  transaction(id: string): Promise<TransactionRow | null> {
    return this.read(() => this.manager.findOneBy(transactionEntity, { id }));
  }

  /** Into or out of a pot, newest first. */
  postingsOfPot(pot: string, slice: Slice): Promise<PostingRow[]> {
    // Two index scans, not one OR: each side delivers its newest and the newest of both are taken.
    return this.read(async () => {
      const sides = await Promise.all(
        (['from', 'to'] as const).map((side) =>
          newestFirst(
            this.manager.createQueryBuilder(postingEntity, 'row').where(`row.${side} = :pot`, { pot }),
            slice,
          ).getMany(),
        ),
      );
      return sides
        .flat()
        .sort((a, b) => b.key - a.key)
        .slice(0, slice.limit + 1);
    });
  }

  /** About a contract or a transaction, oldest first. */
  postingsOfSubject(subject: string, { after, limit }: Slice): Promise<PostingRow[]> {
    return this.read(() =>
      this.manager
        .createQueryBuilder(postingEntity, 'row')
        .where('row.subject = :subject AND row.key > :after', { subject, after: after ?? -1 })
        .orderBy('row.key')
        .limit(limit + 1)
        .getMany(),
    );
  }

  postings(filter: { reason?: string; sinceHeight?: number }, slice: Slice): Promise<PostingRow[]> {
    return this.read(() => {
      const query = this.manager.createQueryBuilder(postingEntity, 'row').where('row.key >= :since', {
        since: heightKey(filter.sinceHeight ?? 0),
      });
      if (filter.reason !== undefined) query.andWhere('row.reason = :reason', { reason: filter.reason });
      return newestFirst(query, slice).getMany();
    });
  }

  objectEvents(filter: { name?: string; sinceHeight?: number }, slice: Slice): Promise<ObjectEventRow[]> {
    return this.read(() => {
      const query = this.manager.createQueryBuilder(objectEventEntity, 'row').where('row.key >= :since', {
        since: heightKey(filter.sinceHeight ?? 0),
      });
      if (filter.name !== undefined) query.andWhere('row.name = :name', { name: filter.name });
      return newestFirst(query, slice).getMany();
    });
  }

  /** What happened to an object between two heights, the second not included, oldest first. */
  eventsBetween(subject: string, fromHeight: number, belowHeight: number): Promise<ObjectEventRow[]> {
    const key = And(MoreThanOrEqual(heightKey(fromHeight)), LessThan(heightKey(belowHeight)));
    return this.read(() =>
      this.manager.find(objectEventEntity, { where: { subject, key }, order: { key: 'ASC' } }),
    );
  }

  /** Everything that happened to an object, oldest first. */
  timeline(subject: string): Promise<ObjectEventRow[]> {
    return this.read(() =>
      this.manager.find(objectEventEntity, { where: { subject }, order: { key: 'ASC' } }),
    );
  }

  contracts(
    filter: { client?: string; provider?: string; status?: string },
    slice: Slice,
  ): Promise<ContractRow[]> {
    return this.read(() => {
      const query = this.manager.createQueryBuilder(contractEntity, 'row').where('1 = 1');
      for (const name of ['client', 'provider', 'status'] as const) {
        if (filter[name] !== undefined) query.andWhere(`row.${name} = :${name}`, { [name]: filter[name] });
      }
      return newestFirst(query, slice).getMany();
    });
  }

  /** Active contracts of a provider, oldest first. */
  activeContractsOf(provider: string): Promise<ContractRow[]> {
    return this.read(() =>
      this.manager.find(contractEntity, { where: { provider, status: 'active' }, order: { key: 'ASC' } }),
    );
  }

  /** What a contract lists, or listed when it was settled, in leaf order; what was dropped is there with its key. */
  contractFragments(contract: string, { after, limit }: Slice): Promise<HolderRow[]> {
    return this.read(async () => {
      const row = await this.manager.findOneBy(contractEntity, { id: contract });
      if (row === null) return [];
      return this.manager
        .createQueryBuilder(holderEntity, 'row')
        .where('row.list = :list AND row.ordinal > :after', { list: row.list, after: after ?? -1 })
        .andWhere('row.addedKey <= :end', { end: endKey(row) })
        .orderBy('row.ordinal')
        .limit(limit + 1)
        .getMany()
        .then((entries) =>
          // What the contract that went on dropped is none of this one's business.
          entries.map((entry) => (isHeld(entry, row) ? { ...entry, droppedKey: null } : entry)),
        );
    });
  }

  /** The contracts that hold a fragment, or held it when they were settled, newest first. */
  holders(fragment: string): Promise<HeldFragment[]> {
    return this.read(async () => {
      const entries = await this.manager.find(holderEntity, {
        where: { fragment },
        order: { addedKey: 'DESC' },
        take: MAX_HOLDERS,
      });
      const contracts = await this.manager.find(contractEntity, {
        where: { list: In([...new Set(entries.map(({ list }) => list))]) },
        order: { key: 'DESC' },
        take: MAX_HOLDERS,
      });
      return contracts.flatMap((contract) => {
        const held = entries.find((entry) => entry.list === contract.list && isHeld(entry, contract));
        return held === undefined ? [] : [{ contract: contract.id, lengthBytes: held.lengthBytes }];
      });
    });
  }

  /** Which of the ids are contracts, and of whom. */
  contractRows(ids: readonly string[]): Promise<ContractRow[]> {
    return this.read(() => this.manager.findBy(contractEntity, { id: In([...ids]) }));
  }

  private get manager() {
    return this.database.reading.manager;
  }

  private async read<T>(query: () => Promise<T>): Promise<T> {
    try {
      return await query();
    } catch (error) {
      throw storeFailure(this.database, error);
    }
  }
}

/** Key up to which a contract's list is its own. */
function endKey({ settledKey }: ContractRow): number {
  return settledKey ?? Number.MAX_SAFE_INTEGER;
}

function isHeld({ addedKey, droppedKey }: HolderRow, contract: ContractRow): boolean {
  const end = endKey(contract);
  return addedKey <= end && (droppedKey === null || droppedKey > end);
}

function newestFirst<T extends ObjectLiteral>(
  query: SelectQueryBuilder<T>,
  { after, limit }: Slice,
): SelectQueryBuilder<T> {
  if (after !== undefined) query.andWhere('row.key < :after', { after });
  return query.orderBy('row.key', 'DESC').limit(limit + 1);
}
