import { join } from 'node:path';
import { NETWORKS } from '#chain';
import type { Config } from '#config';
import { deriveRoleKey } from '#crypto';
import { AppError } from '#errors';
import type { Logger } from '#logging';
import type { Repairer, RepairerOptions } from './repairer.js';
import { parseRepairHours } from './schedule.js';

/** A repairer by its process' settings. Its key is the repairer's of a phrase. @throws AppError `config/bad-value` */
export function repairerOptions(
  config: Config,
  phrase: string,
  logger: Logger,
): Omit<RepairerOptions, 'ledger' | 'queue'> {
  const hours = parseRepairHours(config.repairHours);
  if (hours === undefined) {
    throw new AppError({
      code: 'config/bad-value',
      message: `CAIRN_REPAIR_HOURS is ${config.repairHours}, and there are no such hours.`,
      next: 'allowed: all, off, or two hours of the day such as 22-6',
      data: { setting: 'CAIRN_REPAIR_HOURS' },
    });
  }
  return {
    params: NETWORKS[config.network],
    keys: deriveRoleKey(phrase, 'repairer'),
    folder: join(config.dataDir, 'repair'),
    logger,
    bytesPerSecond: config.repairRate,
    hours,
  };
}

/** Names under which its API answers. */
export function repairerNames({ allowedHosts, repairerUrl }: Config): string[] {
  return [...(allowedHosts ?? []), ...(repairerUrl === undefined ? [] : [new URL(repairerUrl).hostname])];
}

/** Starts a repairer that listens at a URL. What only this machine reaches is announced on a devnet alone. */
export function startAnnounced(repairer: Repairer, config: Config, listeningUrl: string): Promise<void> {
  const isAnnounced = config.repairerUrl !== undefined || config.network === 'devnet';
  return repairer.start(config.repairerUrl ?? listeningUrl, { isAnnounced });
}
