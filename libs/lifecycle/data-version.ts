import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError } from '#errors';

const versionFile = 'version.json';
const startOver =
  'Start over with --reset (this deletes the folder), or run the version of Cairn that wrote it.';

/**
 * Makes sure that a data folder was written under this protocol version; an unmarked folder is marked. AppError
 * `data-folder/other-version` names both versions. Call it while holding the folder's lock.
 */
export async function checkDataVersion(folder: string, protocolVersion: number): Promise<void> {
  const found = await readVersion(join(folder, versionFile), folder);
  if (found === undefined) return writeVersion(folder, protocolVersion);
  if (found === protocolVersion) return;
  throw new AppError({
    code: 'data-folder/other-version',
    message: `The data in ${folder} is of protocol version ${found}; this program speaks version ${protocolVersion}.`,
    next: startOver,
    data: { folder, found, expected: protocolVersion },
  });
}

async function readVersion(file: string, folder: string): Promise<number | undefined> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  const version = parseVersion(text);
  if (version !== undefined) return version;
  throw new AppError({
    code: 'data-folder/version-unreadable',
    message: `${file} does not say a protocol version: ${JSON.stringify(text.slice(0, 80))}.`,
    next: startOver,
    data: { folder },
  });
}

function parseVersion(text: string): number | undefined {
  try {
    const version: unknown = (JSON.parse(text) as { protocolVersion?: unknown } | null)?.protocolVersion;
    return Number.isSafeInteger(version) ? (version as number) : undefined;
  } catch {
    return undefined;
  }
}

async function writeVersion(folder: string, protocolVersion: number): Promise<void> {
  const temporary = join(folder, `${versionFile}.${process.pid}.tmp`);
  await writeFile(temporary, `${JSON.stringify({ protocolVersion })}\n`, { flush: true });
  await rename(temporary, join(folder, versionFile));
}
