import { mkdir, readFile, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { replaceFile } from '#durable-file';
import { AppError } from '#errors';

/** The head of a catalogue: which one it was. */
export interface CatalogueHead {
  readonly sequence: bigint;
  /** BLAKE3 of the sealed pointer, hex. */
  readonly pointerHash: string;
}

/** The newest head of a catalogue that this client has ever seen: what a node shows must not be older. */
export interface SeenHead {
  /** @throws AppError `catalogue/head-unreadable` */
  last(): Promise<CatalogueHead | undefined>;
  /** Remembers a head, unless a newer one is known. */
  note(head: CatalogueHead): Promise<void>;
  /** Takes what a node shows from now on for the newest, whatever was seen before. */
  forget(): Promise<void>;
}

const stored = z.object({
  sequence: z.string().regex(/^\d{1,20}$/),
  pointerHash: z.string().regex(/^[0-9a-f]{64}$/),
});

/** Remembered as long as the process runs. */
export function memorySeenHead(): SeenHead {
  let seen: CatalogueHead | undefined;
  return {
    last: async () => seen,
    note: async (head) => {
      if (seen === undefined || head.sequence > seen.sequence) seen = head;
    },
    forget: async () => {
      seen = undefined;
    },
  };
}

/** Remembered in a file of its own below a folder: one for each account and network. */
export function fileSeenHead(folder: string, network: string, account: string): SeenHead {
  const file = join(folder, `${network}-${account}.json`);
  const last = async (): Promise<CatalogueHead | undefined> => {
    const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return undefined;
      throw unreadable(file, error);
    });
    return text === undefined ? undefined : parse(text, file);
  };
  return {
    last,
    note: async (head) => {
      const seen = await last();
      if (seen !== undefined && seen.sequence >= head.sequence) return;
      await writeWhole(file, `${JSON.stringify({ ...head, sequence: head.sequence.toString() })}\n`);
    },
    forget: () => rm(file, { force: true }),
  };
}

function parse(text: string, file: string): CatalogueHead {
  try {
    const { sequence, pointerHash } = stored.parse(JSON.parse(text));
    return { sequence: BigInt(sequence), pointerHash };
  } catch (error) {
    throw unreadable(file, error);
  }
}

async function writeWhole(file: string, text: string): Promise<void> {
  try {
    await mkdir(dirname(file), { recursive: true, mode: 0o700 });
    await replaceFile(file, text);
  } catch (error) {
    throw unreadable(file, error);
  }
}

function unreadable(file: string, cause: unknown): AppError {
  const why = (cause as NodeJS.ErrnoException).code ?? 'it is damaged';
  return new AppError({
    code: 'catalogue/head-unreadable',
    message: `What this client knows of the newest list of files, in ${file}, cannot be read or written (${why}).`,
    next: 'Correct the permissions of the folder; a damaged file may be moved away once `cairn ls` shows what you expect.',
    data: { file },
    cause,
  });
}
