import { type ContractId, type NetworkParams, publicKeyToAccountId } from '#chain';
import { bytesToHex, type CryptoPort, equalBytes } from '#crypto';
import { AppError, accepted, type Result, refused } from '#errors';
import type { LedgerPort } from '#ledger';
import {
  decodeRepairCapability,
  type RepairCapability,
  type RepairContent,
  type RepairFileAnswer,
  verifyRepairCapability,
} from '#wire';
import type { CapabilityStore } from './capability-store.js';

/** What strangers may make this repairer keep. Bytes. */
export interface RepairLimits {
  readonly capabilityBytes: number;
  readonly filesPerClient: number;
  readonly bytesPerClient: number;
  readonly files: number;
  readonly bytes: number;
  /** Capabilities read and checked at the same time; each may be `capabilityBytes` long. */
  readonly concurrent: number;
  /** Of them, for one address. */
  readonly concurrentPerSender: number;
  /** After so long a capability must have come at the least rate, on average. */
  readonly bodyGraceMs: number;
  readonly bodyBytesPerSecond: number;
}

export const defaultRepairLimits: RepairLimits = {
  capabilityBytes: 16 * 2 ** 20,
  filesPerClient: 10_000,
  bytesPerClient: 256 * 2 ** 20,
  files: 200_000,
  bytes: 4 * 2 ** 30,
  concurrent: 4,
  concurrentPerSender: 2,
  bodyGraceMs: 5_000,
  bodyBytesPerSecond: 64 * 1024,
};

export interface RepairDeskOptions {
  readonly params: NetworkParams;
  readonly crypto: CryptoPort;
  readonly ledger: Pick<LedgerPort, 'contract'>;
  /** The key that contracts name. */
  readonly publicKey: Uint8Array;
  readonly store: CapabilityStore;
  readonly limits: RepairLimits;
  readonly onChange: () => void;
}

/** Takes, replaces and gives back capabilities: the one place where strangers make the repairer keep something. */
export class RepairDesk {
  private turn: Promise<unknown> = Promise.resolve();
  private reading = 0;
  /** By sender. */
  private readonly readingOf = new Map<string, number>();

  constructor(private readonly options: RepairDeskOptions) {}

  /** Takes a place for a capability that is about to be read, or says that none is left. Undefined: this machine. */
  enter(sender?: string): () => void {
    const { concurrent, concurrentPerSender } = this.options.limits;
    const own = sender === undefined ? 0 : (this.readingOf.get(sender) ?? 0);
    if (own >= concurrentPerSender) {
      throw new AppError({
        code: 'repair/too-many',
        message: `This repairer is reading ${own} capabilities from ${sender} already.`,
        next: 'Send them one after the other.',
        data: { reading: own, max: concurrentPerSender },
      });
    }
    if (this.reading >= concurrent) {
      throw new AppError({
        code: 'repair/busy',
        message: `This repairer is reading ${this.reading} capabilities already.`,
        next: 'Try again in a moment.',
      });
    }
    this.reading += 1;
    if (sender !== undefined) this.readingOf.set(sender, own + 1);
    return () => {
      this.reading -= 1;
      if (sender === undefined) return;
      const left = (this.readingOf.get(sender) ?? 1) - 1;
      if (left === 0) this.readingOf.delete(sender);
      else this.readingOf.set(sender, left);
    };
  }

  /** Takes a capability over; once resolved it survives kill -9. */
  async take(source: Uint8Array): Promise<Result<RepairFileAnswer>> {
    const { crypto, params, publicKey } = this.options;
    const decoded = decodeRepairCapability(source);
    if (!decoded.ok) return decoded;
    const signed = decoded.value;
    const { capability } = signed;
    if (!equalBytes(capability.repairerKey, publicKey))
      return refused({ rule: 'repair/other-repairer', repairerKey: bytesToHex(capability.repairerKey) });
    if (!verifyRepairCapability(crypto, params, signed)) return refused({ rule: 'repair/signature' });
    // One after the other: limits and numbers are compared with what is kept, and then kept.
    const run = this.turn.then(() => this.takeInTurn(signed));
    this.turn = run.catch(() => undefined);
    return run;
  }

  private async takeInTurn(signed: {
    readonly capability: RepairCapability;
    readonly bytes: Uint8Array;
  }): Promise<Result<RepairFileAnswer>> {
    const { store, crypto, onChange } = this.options;
    const { capability, bytes } = signed;
    const { subject, number, content } = capability;
    const client = bytesToHex(capability.clientKey);
    const known = store.get(subject);
    const answer = { subject, number: number.toString() };
    // Whoever learns a subject must not be able to put something else in its place.
    const owner = (known ?? store.withdrawn.get(subject))?.client ?? client;
    if (owner !== client) return refused({ rule: 'repair/other-client', subject });
    if (known !== undefined && known.digest === bytesToHex(crypto.sha256(bytes)))
      return accepted({ ...answer, outcome: 'known' });
    const last = known?.number ?? (content === undefined ? undefined : store.withdrawn.get(subject)?.number);
    if (last !== undefined && number <= last)
      return refused({ rule: 'repair/stale', subject, number, known: last });
    if (content === undefined) {
      await store.withdraw(subject, number, this.options.limits);
      onChange();
      return accepted({ ...answer, outcome: 'withdrawn' });
    }
    const violation =
      this.validateRoom(client, bytes.length, known?.sizeBytes) ??
      (await this.validateContracts(capability, content));
    if (violation !== undefined) return refused(violation);
    await store.keep(signed);
    onChange();
    return accepted({ ...answer, outcome: 'taken' });
  }

  private validateRoom(client: string, sizeBytes: number, replacedBytes: number | undefined) {
    const { store, limits } = this.options;
    const used = store.usedBy(client);
    const files = replacedBytes === undefined ? 1 : 0;
    const more = sizeBytes - (replacedBytes ?? 0);
    if (used.files + files > limits.filesPerClient)
      return { rule: 'repair/too-many-files', files: used.files, max: limits.filesPerClient };
    if (used.bytes + more > limits.bytesPerClient)
      return { rule: 'repair/too-many-bytes', keptBytes: used.bytes, sizeBytes, max: limits.bytesPerClient };
    const isFull = store.all().length + files > limits.files || store.keptBytes + more > limits.bytes;
    return isFull
      ? { rule: 'repair/full', files: store.all().length, keptBytes: store.keptBytes }
      : undefined;
  }

  /** Only what somebody paid for on the chain, and named us for, is kept: that bounds what a stranger can make us keep. */
  private async validateContracts({ clientKey }: RepairCapability, { contracts }: RepairContent) {
    const { ledger, params, crypto, publicKey } = this.options;
    const client = publicKeyToAccountId(crypto, params, clientKey);
    const ours = bytesToHex(publicKey);
    let running = 0;
    for (const contract of contracts) {
      const view = await ledger.contract({ id: contract });
      if (view === null) return { rule: 'repair/unknown-contract', contract: contract as ContractId };
      if (view.client !== client) return { rule: 'repair/not-client', contract, client: view.client };
      if (view.repair?.key !== ours)
        return { rule: 'repair/not-named', contract, repairer: view.repair?.key ?? 'nobody' };
      if (view.settledAt === null || view.successor !== null) running += 1;
    }
    return running === 0 ? { rule: 'repair/over', contracts: contracts.length } : undefined;
  }
}
