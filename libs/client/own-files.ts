import { AppError } from '#errors';

/** What a client keeps in its folder, for whoever is told that it cannot be read. */
export interface OwnFile {
  readonly path: string;
  readonly code: string;
  /** Such as 'The folder of unfinished uploads'. */
  readonly name: string;
  readonly next: string;
}

/**
 * What was read, or undefined where nothing was ever written. Anything else is told: what is there must not be taken for
 * nothing, and forgotten.
 * @throws AppError with the code of `about`
 */
export async function readOwn<T>(read: Promise<T>, about: OwnFile): Promise<T | undefined> {
  try {
    return await read;
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === 'ENOENT') return undefined;
    throw new AppError({
      code: about.code,
      message: `${about.name}, ${about.path}, cannot be read (${code}).`,
      next: about.next,
      data: { path: about.path },
      cause,
    });
  }
}
