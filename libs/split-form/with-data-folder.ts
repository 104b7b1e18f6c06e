import { NETWORKS } from '#chain';
import type { AppName, Config } from '#config';
import { checkDataVersion, lockDataFolder, type Stop } from '#lifecycle';

/** Holds the data folder of a process from before its start until after its stop. */
export async function withDataFolder(
  config: Config,
  app: AppName,
  start: () => Promise<Stop>,
): Promise<Stop> {
  const lock = await lockDataFolder(config.dataDir, app);
  try {
    await checkDataVersion(config.dataDir, NETWORKS[config.network].protocolVersion);
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
