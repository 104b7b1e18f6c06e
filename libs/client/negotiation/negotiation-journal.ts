import { mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type ContractId, decode, isHexId } from '#chain';
import { agreementSchema, encodeAgreement, type FragmentEntry } from '#contracts';
import { bytesToHex, hexToBytes } from '#crypto';
import type { ProposalOrigin } from '#wire';
import { type OwnFile, readOwn } from '../own-files.js';
import type { AgreementProposal, ProviderSession } from '../providers/provider-session.js';
import { isOfAnother } from './living-process.js';

/** A negotiation another run of the client left open. */
export interface OpenNegotiation extends AgreementProposal {
  readonly contract: ContractId;
  readonly baseUrl: string;
}

/** What a client writes down before it proposes, so that a killed client knows what it may have agreed to. */
export interface NegotiationJournal {
  save(session: Pick<ProviderSession, 'contract' | 'baseUrl'>, proposed: AgreementProposal): Promise<void>;
  /** The negotiation is over: its contract is on chain, or never will be. */
  close(contract: ContractId): Promise<void>;
  /**
   * Those of runs that are over and of this one; what another living process negotiates is its own.
   * @throws AppError `negotiation/journal-unreadable`
   */
  open(): Promise<OpenNegotiation[]>;
}

/** Keeps nothing: for clients that live in memory only. */
export const noJournal: NegotiationJournal = {
  save: async () => undefined,
  close: async () => undefined,
  open: async () => [],
};

/** One file for each open negotiation, in a folder of the client's. */
export function createFileJournal(folder: string): NegotiationJournal {
  const pathOf = (contract: ContractId): string => join(folder, `${contract}.json`);
  return {
    async save({ contract, baseUrl }, { round, origin, agreement, fragments }) {
      await mkdir(folder, { recursive: true });
      const agreementHex = bytesToHex(encodeAgreement(agreement));
      const text = JSON.stringify({
        contract,
        baseUrl,
        round,
        origin,
        agreement: agreementHex,
        fragments,
        pid: process.pid,
      });
      await writeDurably(pathOf(contract), text);
    },
    close: (contract) => rm(pathOf(contract), { force: true }),
    async open() {
      const found: OpenNegotiation[] = [];
      for (const name of (await readOwn(readdir(folder), unreadable(folder))) ?? []) {
        if (!name.endsWith('.json')) continue;
        const path = join(folder, name);
        // One that is gone was closed meanwhile.
        const negotiation = parse((await readOwn(readFile(path, 'utf8'), unreadable(path))) ?? '');
        if (negotiation !== undefined) found.push(negotiation);
      }
      return found;
    },
  };
}

const unreadable = (path: string): OwnFile => ({
  path,
  code: 'negotiation/journal-unreadable',
  name: 'What was written down about open negotiations',
  next: 'Correct its permissions, or move it away: providers then keep their room for what it names until that lapses.',
});

async function writeDurably(path: string, text: string): Promise<void> {
  const file = await open(`${path}.part`, 'w', 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(`${path}.part`, path);
}

/** A file that is no entry (cut short by a full disk, say) tells of nothing that was sent. */
function parse(text: string): OpenNegotiation | undefined {
  try {
    const entry = JSON.parse(text) as {
      contract: string;
      baseUrl: string;
      round: number;
      origin: ProposalOrigin;
      agreement: string;
      fragments: FragmentEntry[];
      pid: number;
    };
    if (isOfAnother(entry.pid)) return undefined;
    const agreement = decode(agreementSchema, hexToBytes(entry.agreement));
    return agreement.ok && isHexId(entry.contract, 32)
      ? { ...entry, contract: entry.contract as ContractId, agreement: agreement.value }
      : undefined;
  } catch {
    return undefined;
  }
}
