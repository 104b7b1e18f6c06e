import { lockDataFolder } from './data-folder-lock.js';
import { checkDataVersion } from './data-version.js';
import type { Stop } from './run-process.js';

/** A process's own folder. */
export interface ProcessFolder {
  readonly folder: string;
  /** Who holds it, for the message a second process gets. */
  readonly holder: string;
  readonly protocolVersion: number;
}

/**
 * Holds the data folder of a process from before its start until after its stop.
 * @throws AppError `data-folder/in-use`, `data-folder/other-version`, and what `start` throws
 */
export async function withDataFolder(own: ProcessFolder, start: () => Promise<Stop>): Promise<Stop> {
  const lock = await lockDataFolder(own.folder, own.holder);
  try {
    await checkDataVersion(own.folder, own.protocolVersion);
    const stop = await start();
    return async () => {
      await stop();
      await lock.release();
    };
  } catch (error) {
    await lock.release();
    throw error;
  }
}
