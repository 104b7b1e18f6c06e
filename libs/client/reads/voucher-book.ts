import { mkdir, open, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import type { ContractId } from '#chain';

/** What this client promised for reading a contract, and how often it was refused all the same. Base units. */
export interface ReadEntry {
  /** The highest total it signed. */
  readonly total: bigint;
  /** Paid reads that were refused. */
  readonly refused: number;
}

/** Totals of vouchers: they only rise, so what was signed once need not be trusted to anybody's memory but ours. */
export interface VoucherBook {
  find(contract: ContractId): Promise<ReadEntry>;
  /** Resolves when it would survive a kill: before the voucher leaves. */
  save(contract: ContractId, entry: ReadEntry): Promise<void>;
}

/** What a client pays for reading, and what it has paid in this process. */
export interface ReadBudget {
  /** Most that is paid in all; undefined: what the contracts have locked for it. Base units. */
  readonly maxCost: bigint | undefined;
  /** Promised so far. */
  spent: bigint;
}

const NOTHING: ReadEntry = { total: 0n, refused: 0 };

/** Remembers for the life of this process; the provider shows our last voucher to the next one. */
export function memoryVoucherBook(): VoucherBook {
  const entries = new Map<ContractId, ReadEntry>();
  return {
    find: async (contract) => entries.get(contract) ?? NOTHING,
    save: async (contract, entry) => void entries.set(contract, entry),
  };
}

/** One small file for each contract that was ever paid for. */
export function fileVoucherBook(folder: string): VoucherBook {
  const memory = memoryVoucherBook();
  const pathOf = (contract: ContractId): string => join(folder, `${contract}.json`);
  return {
    async find(contract) {
      const known = await memory.find(contract);
      const written = parse(await readFile(pathOf(contract), 'utf8').catch(emptyWhereMissing));
      // Another process of this client may have paid since.
      return written.total > known.total ? written : known;
    },
    async save(contract, entry) {
      await memory.save(contract, entry);
      await mkdir(folder, { recursive: true });
      const path = pathOf(contract);
      const part = `${path}.${process.pid}.part`;
      const file = await open(part, 'w', 0o600);
      try {
        await file.writeFile(JSON.stringify({ total: String(entry.total), refused: entry.refused }));
        await file.sync();
      } finally {
        await file.close();
      }
      await rename(part, path);
    },
  };
}

/** Only a book that does not exist says nothing; one that cannot be read must not look as if nothing was paid. */
function emptyWhereMissing(error: NodeJS.ErrnoException): string {
  if (error.code === 'ENOENT') return '';
  throw error;
}

function parse(text: string): ReadEntry {
  try {
    const { total, refused } = JSON.parse(text) as { total: string; refused: number };
    return { total: BigInt(total), refused: Number(refused) };
  } catch {
    return NOTHING;
  }
}
