import { mkdir, readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { z } from 'zod';
import { accountIdToAddress, type ContractId, publicKeyToAccountId } from '#chain';
import { bytesToHex, hexToBytes } from '#crypto';
import { replaceFile } from '#durable-file';
import { AppError } from '#errors';
import { isPlaced, type Manifest } from '#fragments';
import { type RepairCapability, signRepairCapability } from '#wire';
import type { CallOptions, ClientContext } from '../context.js';
import { type OwnFile, readOwn } from '../own-files.js';
import { createHttpAgent } from '../providers/http.js';
import { contractNow } from '../providers/provider-directory.js';
import { manifestToCapability, repairDigest, repairSubject } from './capability.js';
import { sendCapability } from './repairer-client.js';

/** Something stored under contracts of its own: a file, a pack, the catalogue. */
export interface KeptThing {
  readonly name: string;
  readonly manifest: Manifest;
}

/** What could not be handed over, and why. */
export interface NotHandedOver {
  readonly name: string;
  readonly repairer: string;
  readonly error: AppError;
}

export interface HandOver {
  /** Handed over now, or again because something changed. */
  readonly handed: number;
  /** Taken back: removed, or stored anew. */
  readonly withdrawn: number;
  /** Without them the files are whole only as long as their holders are. Tried again the next time. */
  readonly failed: readonly NotHandedOver[];
}

const entrySchema = z.object({
  name: z.string(),
  digest: z.string(),
  /** Hex of the key that its contracts name; null: nobody. */
  repairer: z.string().nullable(),
  number: z.string(),
});
const fileSchema = z.object({
  version: z.literal(1),
  client: z.string(),
  entries: z.record(z.string(), entrySchema),
});
type Entry = z.infer<typeof entrySchema>;

/**
 * Brings repairers up to date: what is new or changed is handed to the repairer that its contracts name, what is gone is
 * taken back. `book`: a file that remembers what was handed over; without one everything is handed over again.
 * @throws AppError `repair/book-unreadable`
 */
export async function handOver(
  context: ClientContext,
  things: readonly KeptThing[],
  options: CallOptions & { readonly book?: string | undefined } = {},
): Promise<HandOver> {
  const { signal, book } = options;
  const entries = await readBook(book, context.identity.account);
  const agent = createHttpAgent();
  const failed: NotHandedOver[] = [];
  let handed = 0;
  let withdrawn = 0;
  const current = new Set<string>();
  try {
    for (const { name, manifest } of things) {
      if (manifest.segments.length === 0) continue;
      const subject = repairSubject(context, manifest);
      current.add(subject);
      const digest = repairDigest(context, manifest);
      if (entries.get(subject)?.digest === digest) continue;
      signal?.throwIfAborted();
      const key = await repairerOf(context, manifest);
      const number = numberAfter(context, entries.get(subject));
      const entry: Entry = { name, digest, repairer: key ?? null, number: number.toString() };
      if (key !== undefined) {
        const repairerKey = hexToBytes(key);
        const capability = manifestToCapability(context, manifest, { repairerKey, number });
        const error = await send(context, agent, capability, signal);
        if (error !== undefined) {
          failed.push({ name, repairer: addressOf(context, key), error });
          continue;
        }
        handed += 1;
      }
      entries.set(subject, entry);
    }
    for (const [subject, entry] of entries) {
      if (current.has(subject)) continue;
      if (entry.repairer !== null) {
        const number = numberAfter(context, entry);
        const repairerKey = hexToBytes(entry.repairer);
        const { publicKey: clientKey } = context.identity.wallet;
        const capability = { clientKey, repairerKey, subject, number, content: undefined };
        const error = await send(context, agent, capability, signal);
        // It lets go by itself of what nobody pays for any more.
        if (error === undefined) withdrawn += 1;
        else if (error.code !== 'repairer/refused') continue;
      }
      entries.delete(subject);
    }
  } finally {
    agent.destroy();
    await writeBook(book, context.identity.account, entries);
  }
  return { handed, withdrawn, failed };
}

/** Hex of the key that a thing's contracts name as their repairer; undefined where none does. */
export async function repairerOf(context: ClientContext, manifest: Manifest): Promise<string | undefined> {
  for (const { holders } of manifest.segments) {
    for (const holder of holders) {
      if (!isPlaced(holder)) continue;
      const view = await contractNow(context.ledger, bytesToHex(holder) as ContractId);
      if (view !== null) return view.repair?.key;
    }
  }
  return undefined;
}

/** Where the repairer of a key is reached, and how it is written for people. */
export async function findRepairer(
  context: ClientContext,
  key: string,
): Promise<{ readonly address: string; readonly url: string | undefined }> {
  const address = addressOf(context, key);
  const endpoint = await context.ledger.endpoint({ principal: address });
  return { address, url: endpoint?.addresses.find((candidate) => /^https?:\/\//.test(candidate)) };
}

async function send(
  context: ClientContext,
  agent: Parameters<typeof sendCapability>[0],
  capability: RepairCapability,
  signal: AbortSignal | undefined,
): Promise<AppError | undefined> {
  const { crypto, params, identity, requestTimeoutMs: timeoutMs } = context;
  try {
    const { url, address } = await findRepairer(context, bytesToHex(capability.repairerKey));
    if (url === undefined) {
      return new AppError({
        code: 'repairer/no-endpoint',
        message: `Repairer ${address} announces no HTTP address on chain.`,
        next: 'It may be gone; contracts of new files name another one with --repairer.',
      });
    }
    const { bytes } = signRepairCapability(crypto, params, capability, identity.wallet.secretKey);
    await sendCapability(agent, url, bytes, { timeoutMs, signal });
    return undefined;
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    return error;
  }
}

function addressOf({ crypto, params }: ClientContext, key: string): string {
  return accountIdToAddress(params, publicKeyToAccountId(crypto, params, hexToBytes(key)));
}

/** Numbers rise with the clock, so that another machine of the same client goes on; and always, whatever the clock does. */
function numberAfter({ nowMs }: ClientContext, entry: Entry | undefined): bigint {
  const now = BigInt(nowMs());
  const last = BigInt(entry?.number ?? 0);
  return now > last ? now : last + 1n;
}

/**
 * A book that is damaged, or another client's, is begun anew: handing over twice does no harm. One that may not be read is
 * told: nobody would be told of what is gone.
 */
async function readBook(book: string | undefined, client: string): Promise<Map<string, Entry>> {
  if (book === undefined) return new Map();
  const text = (await readOwn(readFile(book, 'utf8'), unreadable(book))) ?? '';
  try {
    const parsed = fileSchema.parse(JSON.parse(text));
    return parsed.client === client ? new Map(Object.entries(parsed.entries)) : new Map();
  } catch {
    return new Map();
  }
}

const unreadable = (path: string): OwnFile => ({
  path,
  code: 'repair/book-unreadable',
  name: 'The list of what was handed to repairers',
  next: 'Correct its permissions, or move it away: everything is then handed over again.',
});

async function writeBook(
  book: string | undefined,
  client: string,
  entries: ReadonlyMap<string, Entry>,
): Promise<void> {
  if (book === undefined) return;
  await mkdir(dirname(book), { recursive: true, mode: 0o700 });
  const content = { version: 1, client, entries: Object.fromEntries(entries) };
  await replaceFile(book, `${JSON.stringify(content)}\n`);
}
