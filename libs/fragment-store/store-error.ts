import { AppError } from '#errors';

const FILE_CALLS = ['open', 'read', 'write', 'writev', 'fdatasync', 'fsync', 'rename', 'close'];

/** Whether an error is a file system's answer, and not one of whoever sends the bytes. */
export function isFileError(error: unknown): boolean {
  return FILE_CALLS.includes(String((error as NodeJS.ErrnoException | null)?.syscall));
}

/** What a file system refused, as the store's error: `fragment-store/disk-full` or `fragment-store/failed`. */
export function storeError(folder: string, cause: unknown): AppError {
  if (cause instanceof AppError) return cause;
  const code = (cause as NodeJS.ErrnoException).code ?? '';
  const isFull = code === 'ENOSPC' || code === 'EDQUOT';
  return new AppError({
    code: isFull ? 'fragment-store/disk-full' : 'fragment-store/failed',
    message: `${isFull ? 'the disk is full' : 'the file system refused'} under ${folder}: ${cause instanceof Error ? cause.message : String(cause)}`,
    next: isFull
      ? 'free some space, or lower the capacity this provider offers'
      : 'check that the folder exists, belongs to this user and lies on a healthy disk',
    data: { folder },
    cause,
  });
}

/** Runs a step on the file system; what it refuses becomes the store's error. */
export async function guarded<T>(folder: string, step: () => Promise<T>): Promise<T> {
  try {
    return await step();
  } catch (error) {
    throw storeError(folder, error);
  }
}
