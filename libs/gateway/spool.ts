import { createWriteStream } from 'node:fs';
import { mkdir, mkdtemp, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { AppError } from '#errors';

/** A body on disk, whole. */
export interface SpooledFile {
  readonly path: string;
  readonly sizeBytes: number;
  /** Deletes it. */
  remove(): Promise<void>;
}

/**
 * Where bodies wait until they are sealed: the plan of a file needs its size, and a stream has none until it ends. Only
 * this user may read it; it is emptied at each start.
 */
export class Spool {
  private constructor(private readonly folder: string) {}

  static async open(folder: string): Promise<Spool> {
    await rm(folder, { recursive: true, force: true });
    await mkdir(folder, { recursive: true, mode: 0o700 });
    return new Spool(folder);
  }

  /** @throws AppError `gateway/body-incomplete`, `gateway/no-space` */
  async receive(body: Readable): Promise<SpooledFile> {
    const own = await mkdtemp(join(this.folder, 'body-'));
    const path = join(own, 'body');
    const remove = () => rm(own, { recursive: true, force: true });
    try {
      await pipeline(body, createWriteStream(path, { mode: 0o600 }));
      return { path, sizeBytes: (await stat(path)).size, remove };
    } catch (error) {
      await remove();
      throw spoolFailure(this.folder, error);
    }
  }
}

function spoolFailure(folder: string, cause: unknown): AppError {
  const code = (cause as NodeJS.ErrnoException).code ?? '';
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return new AppError({
      code: 'gateway/no-space',
      message: `the disk of ${folder} is full: the file does not fit beside what is there`,
      next: 'free some space, or move CAIRN_DATA_DIR to a larger disk',
      data: { folder },
      cause,
    });
  }
  return new AppError({
    code: 'gateway/body-incomplete',
    message: `the upload ended before it was complete (${code || String(cause)}); nothing was stored`,
    next: 'send the file again',
    cause,
  });
}
