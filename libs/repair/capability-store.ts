import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { bytesToHex } from '#crypto';
import { replaceFile, syncFolder } from '#durable-file';
import { AppError } from '#errors';
import { decodeRepairCapability, type RepairContent, type SignedRepairCapability } from '#wire';
import { type WithdrawnLimits, WithdrawnNumbers } from './withdrawn-numbers.js';

/** How a file lies, without what only rebuilding needs: kept in memory for every file. */
export interface FileIndex {
  readonly subject: string;
  /** Hex of the client's wallet key. */
  readonly client: string;
  readonly number: bigint;
  readonly profile: RepairContent['profile'];
  readonly contracts: readonly string[];
  readonly segmentCount: number;
  /** The different ways in which segments lie: most files have one. Places in `contracts`, from 1; 0: not placed. */
  readonly placements: readonly Uint16Array[];
  readonly sizeBytes: number;
  /** Of the content, so that the same capability handed over again is known. */
  readonly digest: string;
}

/** Capabilities on disk, one file each, whole or not at all; an index of them in memory. */
export class CapabilityStore {
  private readonly files = new Map<string, FileIndex>();

  private constructor(
    private readonly folder: string,
    private readonly digestOf: (bytes: Uint8Array) => string,
    /** Of what was taken back. */
    readonly withdrawn: WithdrawnNumbers,
  ) {}

  /** Reads what is there. One that cannot be read any more is left where it is and named. */
  static async open(
    folder: string,
    digestOf: (bytes: Uint8Array) => string,
  ): Promise<{ readonly store: CapabilityStore; readonly unreadable: readonly string[] }> {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const withdrawn = await WithdrawnNumbers.open(join(folder, 'withdrawn'));
    const store = new CapabilityStore(folder, digestOf, withdrawn);
    const unreadable: string[] = [];
    for (const name of await readdir(folder)) {
      if (name.endsWith('.new')) await rm(join(folder, name), { force: true });
      if (!name.endsWith('.cap')) continue;
      const decoded = decodeRepairCapability(new Uint8Array(await readFile(join(folder, name))));
      if (!decoded.ok || decoded.value.capability.content === undefined) {
        unreadable.push(name);
        continue;
      }
      const { subject, number } = decoded.value.capability;
      // Killed between the two steps of `withdraw` or of `keep`: the higher number is the last word.
      if (number <= (withdrawn.get(subject)?.number ?? -1n)) await rm(join(folder, name), { force: true });
      else {
        store.note(decoded.value);
        await withdrawn.forget(subject);
      }
    }
    return { store, unreadable };
  }

  get(subject: string): FileIndex | undefined {
    return this.files.get(subject);
  }

  all(): readonly FileIndex[] {
    return [...this.files.values()];
  }

  get keptBytes(): number {
    return this.all().reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  }

  /** How much a client has here. */
  usedBy(client: string): { readonly files: number; readonly bytes: number } {
    const own = this.all().filter((file) => file.client === client);
    return { files: own.length, bytes: own.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0) };
  }

  /** Keeps a capability; once resolved it survives kill -9. @throws AppError `repair/not-written` */
  async keep(signed: SignedRepairCapability): Promise<void> {
    const path = this.pathOf(signed.capability.subject);
    try {
      await replaceFile(path, signed.bytes);
    } catch (cause) {
      throw notWritten(path, cause);
    }
    this.note(signed);
    // Its own number is the highest from now on.
    await this.withdrawn.forget(signed.capability.subject);
  }

  /** Lets go of a capability that its client took back, and remembers its number. @throws AppError `repair/not-written` */
  async withdraw(subject: string, number: bigint, limits: WithdrawnLimits): Promise<void> {
    const file = this.files.get(subject) ?? this.withdrawn.get(subject);
    if (file === undefined) return;
    const { client, contracts } = file;
    const highest = number > file.number ? number : file.number;
    try {
      await this.withdrawn.note({ subject, client, number: highest, contracts }, limits);
    } catch (cause) {
      throw notWritten(this.pathOf(subject), cause);
    }
    await this.remove(subject);
  }

  async remove(subject: string): Promise<void> {
    this.files.delete(subject);
    await rm(this.pathOf(subject), { force: true });
    // Withdrawn is withdrawn, also after a power cut.
    await syncFolder(this.folder);
  }

  /** Everything that rebuilding needs. @throws AppError `repair/unreadable` */
  async content(subject: string): Promise<RepairContent> {
    const path = this.pathOf(subject);
    const bytes = await readFile(path).catch((cause: unknown) => {
      throw unreadableFile(path, cause);
    });
    const decoded = decodeRepairCapability(new Uint8Array(bytes));
    if (decoded.ok && decoded.value.capability.content !== undefined) return decoded.value.capability.content;
    throw unreadableFile(path, undefined);
  }

  private note({ capability, bytes }: SignedRepairCapability): void {
    const { subject, clientKey, number, content } = capability;
    if (content === undefined) return;
    const placements = new Map(
      content.segments.map(({ holders }) => [holders.join(), Uint16Array.from(holders)]),
    );
    this.files.set(subject, {
      subject,
      client: bytesToHex(clientKey),
      number,
      profile: content.profile,
      contracts: content.contracts,
      segmentCount: content.segments.length,
      placements: [...placements.values()],
      sizeBytes: bytes.length,
      digest: this.digestOf(bytes),
    });
  }

  private pathOf(subject: string): string {
    return join(this.folder, `${subject}.cap`);
  }
}

function notWritten(path: string, cause: unknown): AppError {
  return new AppError({
    code: 'repair/not-written',
    message: `The capability ${path} cannot be written (${(cause as NodeJS.ErrnoException).code ?? String(cause)}).`,
    next: 'The operator of the repairer frees some space, or corrects the permissions of its folder.',
    cause,
  });
}

function unreadableFile(path: string, cause: unknown): AppError {
  return new AppError({
    code: 'repair/unreadable',
    message: `The capability ${path} cannot be read.`,
    next: 'Its client hands it over again with its next command.',
    cause,
  });
}
