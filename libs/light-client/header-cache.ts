import { randomUUID } from 'node:crypto';
import { mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { HEADER_BYTES, type Law } from '#chain';
import { AppError } from '#errors';
import { VerifiedHeaders } from './verified-headers.js';

/** Headers kept between two runs, so that only new ones are fetched. */
export interface HeaderCache {
  /** What the file holds, every header checked anew; from the first bad one on it is forgotten. */
  load(law: Law, nowSeconds: number): Promise<VerifiedHeaders>;
  /** @throws AppError `light/cache-failed` */
  save(headers: VerifiedHeaders): Promise<void>;
}

/** The headers in a file: 80 bytes each, from height 1 on. Whoever changes the file can only make the client start anew. */
export function openHeaderCache(file: string): HeaderCache {
  return {
    async load(law, nowSeconds) {
      const headers = VerifiedHeaders.ofGenesis(law);
      const bytes = await readFile(file).catch((error: NodeJS.ErrnoException) => {
        if (error.code === 'ENOENT') return Buffer.alloc(0);
        throw cacheFailed(file, error);
      });
      const whole = bytes.length - (bytes.length % HEADER_BYTES);
      // What is refused here is fetched again.
      headers.append(new Uint8Array(bytes.subarray(0, whole)), nowSeconds);
      return headers;
    },

    async save(headers) {
      const temporary = `${file}.${randomUUID()}.new`;
      try {
        await mkdir(dirname(file), { recursive: true, mode: 0o700 });
        const handle = await open(temporary, 'wx', 0o600);
        try {
          await handle.writeFile(headers.toBytes());
          await handle.sync();
        } finally {
          await handle.close();
        }
        await rename(temporary, file);
      } catch (error) {
        await rm(temporary, { force: true }).catch(() => undefined);
        throw cacheFailed(file, error as NodeJS.ErrnoException);
      }
    },
  };
}

function cacheFailed(file: string, cause: NodeJS.ErrnoException): AppError {
  return new AppError({
    code: 'light/cache-failed',
    message: `the verified headers cannot be kept in ${file} (${cause.code ?? cause.message})`,
    next: 'name a data folder that is writable and has free space',
    data: { file },
    cause,
  });
}
